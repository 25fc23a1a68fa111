"""The feature cache on disk: recipe (its key), writer, reader, checks."""

from headstart.cache.reader import Cache, Split, open_cache
from headstart.cache.recipe import FORMAT, Recipe
from headstart.cache.runtime.errors import CacheError, UserError

__all__ = ["FORMAT", "Cache", "CacheError", "Recipe", "Split", "UserError", "open_cache"]
