"""Scripts that are copied into an exported folder; they import nothing of this project."""
