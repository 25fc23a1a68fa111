"""predict.py's input and its half of the work up to the encoder: texts in, answers of a compiled head out."""
