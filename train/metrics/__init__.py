"""From logits to metrics: probabilities, decisions, accuracy, ranks, calibration, confusion."""
