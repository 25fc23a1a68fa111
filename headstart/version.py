"""The version, written here once: packaging reads it, too."""

__version__ = "0.1.0"
