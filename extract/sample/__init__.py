"""The synthetic comments of `--data sample`."""
