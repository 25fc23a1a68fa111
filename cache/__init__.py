"""The feature cache on disk: recipe (its key), writer, reader, checks."""

from cache.errors import CacheError, UserError
from cache.reader import Cache, Split, open_cache
from cache.recipe import FORMAT, Recipe

__all__ = ["FORMAT", "Cache", "CacheError", "Recipe", "Split", "UserError", "open_cache"]
