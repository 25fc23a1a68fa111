"""The feature cache on disk: recipe (its key), writer (which commits blocks, the manifest last), reader, checks."""

from headstart.cache.reader import Cache, CacheSplit, open_cache
from headstart.cache.recipe import FORMAT, Recipe
from headstart.cache.runtime.errors import CacheError, UserError

__all__ = ["FORMAT", "Cache", "CacheError", "CacheSplit", "Recipe", "UserError", "open_cache"]
