"""From a cache to the splits that heads are trained on."""

from collections.abc import Mapping

import numpy as np

from headstart.cache.reader import Cache
from headstart.cache.runtime.errors import UserError
from headstart.cache.splits import SPLITS
from headstart.train.data.checks import leaks, require_labels, unleaked
from headstart.train.data.split import Split
from headstart.train.data.views import DropoutViews, EveryPosition, subset


def check_notebook(cache: Cache, notebook: bool) -> None:
    """Check that a cache fits the way of training: masks want real tokens alone, the notebook's way all positions.

    Args:
        cache: An opened cache.
        notebook: Whether heads get no masks.

    Raises:
        UserError: it does not fit; the message names the command that makes one which does.
    """
    padded = cache.recipe.layout == "padded"
    command = str(cache.manifest.source.get("command", "python -m extract"))
    if notebook and not padded:
        for option in (" --views pooled", " --forward packed", " --compute-dtype mixed"):
            command = command.replace(option, "")
        raise UserError(
            f"--notebook trains heads on all {cache.recipe.max_length} positions of a row, and {cache.name} holds "
            f"real tokens only; first: {command} --layout padded"
        )
    if padded and not notebook:
        raise UserError(
            f"{cache.name} holds padding positions too, and its pooled vectors count them: add --notebook; "
            f"for heads with masks: {command.replace(' --layout padded', '')}"
        )


def open_split(cache: Cache, name: str) -> Split:
    """Open a split; of a padded cache with every position, and the training split with its dropout views.

    Raises:
        CacheError: the cache does not hold it.
    """
    views = tuple(_open_plain(cache, view) for view in cache.views) if name == "train" else ()
    plain = _open_plain(cache, name)
    return DropoutViews(plain, views) if views else plain


def _open_plain(cache: Cache, name: str) -> Split:
    split = cache.split(name)
    return EveryPosition(split) if cache.recipe.layout == "padded" else split


def open_splits(cache: Cache, deduplicate: bool, rows: int | None) -> tuple[dict[str, Split], dict[str, int]]:
    """Open the three splits, whose arrays are read when a head first asks for them, and count leaks.

    Args:
        cache: An opened cache.
        deduplicate: Whether to leave out rows whose text is also in a later split.
        rows: Number of first rows of each split to take; None takes all.

    Raises:
        UserError: a split lacks a class.
    """
    splits = {name: open_split(cache, name) for name in SPLITS}
    counts = leaks({name: split.texts for name, split in splits.items()})
    if deduplicate and any(counts.values()):
        splits = without_leaks(splits)
    if rows is not None:
        first = np.arange(rows)
        splits = {name: subset(split, first[: len(split.labels)]) for name, split in splits.items()}
    for name, split in splits.items():
        try:
            require_labels(split.labels, name, cache.task)
        except ValueError as error:
            raise UserError(f"the cache {cache.name} cannot be used: {error}") from None
    return splits, counts


def without_leaks(splits: Mapping[str, Split]) -> dict[str, Split]:
    """The splits without the rows of earlier ones whose text is also in a later one."""
    kept = unleaked({name: split.texts for name, split in splits.items()})
    return {name: subset(split, np.flatnonzero(kept[name])) for name, split in splits.items()}
