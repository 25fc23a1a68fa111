"""Layouts: which arrays a block holds. Whatever walks a block's arrays asks here."""

from headstart.cache.runtime.errors import CacheError

LAYOUTS = {
    "ragged": ("hidden", "lengths", "labels", "rows", "pooled", "texts"),
    "padded": ("hidden", "lengths", "labels", "rows", "pooled", "texts"),  # hidden states at padding, too
    "pooled": ("lengths", "labels", "rows", "pooled", "texts"),  # for heads that read no tokens
}


def layout_of(arrays: set[str], padded: bool) -> str:
    """Name the layout that has exactly these arrays.

    Args:
        arrays: names of the arrays.
        padded: whether the hidden states are those of all positions.

    Raises:
        CacheError: none has.
    """
    for layout, names in LAYOUTS.items():
        if arrays == set(names) and padded == (layout == "padded"):
            return layout
    raise CacheError(f"no layout has exactly the arrays {', '.join(sorted(arrays))[:100]!r}")
