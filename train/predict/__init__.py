"""predict.py's head and its output: a trained head, its answers, and the files they are written to."""
