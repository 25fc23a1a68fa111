"""Texts on disk, cleaned in worker processes, and tokenized."""
