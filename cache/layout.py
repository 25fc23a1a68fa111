"""Layouts: which arrays a block holds. Whatever walks a block's arrays asks here."""

from cache.errors import CacheError

LAYOUTS = {
    "ragged": ("hidden", "lengths", "labels", "rows", "pooled", "texts"),
    "pooled": ("lengths", "labels", "rows", "pooled", "texts"),  # for heads that read no tokens
}


def layout_of(arrays: set[str]) -> str:
    """Name the layout that has exactly these arrays.

    Raises:
        CacheError: none has.
    """
    for layout, own in LAYOUTS.items():
        if arrays == set(own):
            return layout
    raise CacheError(f"no layout has exactly the arrays {', '.join(sorted(arrays))[:100]!r}")
