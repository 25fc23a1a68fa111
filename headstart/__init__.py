"""Freeze a text encoder, run it once, then train and compare small heads in seconds.

The rooms of the checkout are the sub-packages: `headstart.cache` is the folder `cache/`, by a symbolic link, and so are
`extract`, `heads` and `train`. So nothing generic is ever imported, and a user's own `cache.py` does no harm.
"""

from headstart.version import __version__

__all__ = ["__version__"]
