"""Stage two: train a head, which comes in as an argument, on cached features."""
