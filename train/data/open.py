"""From a cache's split to the features that heads are trained on."""

from headstart.cache.reader import Cache
from headstart.cache.runtime.errors import UserError
from headstart.cache.splits import SPLITS
from headstart.train.data.dropout_views import Views, each
from headstart.train.data.every_position import EveryPosition
from headstart.train.data.labels import require_labels
from headstart.train.data.leaks import leaks, unleaked
from headstart.train.data.split import Readable
from headstart.train.data.subset import SomeRows, first_rows


def check_notebook(cache: Cache, notebook: bool) -> None:
    """Check that a cache fits the way of training: masks want real tokens alone, the notebook's way all positions.

    Args:
        cache: an opened cache.
        notebook: heads get no masks.

    Raises:
        UserError: it does not fit; the message names the command that makes one which does.
    """
    padded = cache.recipe.layout == "padded"
    made_by = str(cache.manifest.source.get("command", "python -m extract"))
    if notebook and not padded:
        command = made_by.replace(" --views pooled", "").replace(" --forward packed", "")
        raise UserError(
            f"--notebook trains heads on all {cache.recipe.max_length} positions of a row, and {cache.name} holds "
            f"real tokens only; first: {command.replace(' --compute-dtype mixed', '')} --layout padded"
        )
    if padded and not notebook:
        raise UserError(
            f"{cache.name} holds padding positions too, and its pooled vectors count them: add --notebook; "
            f"for heads with masks: {made_by.replace(' --layout padded', '')}"
        )


def open_split(cache: Cache, name: str) -> Readable:
    """Open a split; of a padded cache with every position, and the training split with its views.

    Raises:
        CacheError: the cache does not hold it.
    """
    views = tuple(_open(cache, view) for view in cache.views) if name == "train" else ()
    plain = _open(cache, name)
    return Views(plain, views) if views else plain


def _open(cache: Cache, name: str) -> Readable:
    split = cache.split(name)
    return EveryPosition(split) if cache.recipe.layout == "padded" else split


def open_splits(
    cache: Cache, deduplicate: bool, rows: int | None
) -> tuple[dict[str, Readable], dict[str, int]]:
    """Open the three splits, whose arrays are read when a head first asks for them, and count leaks.

    Args:
        cache: an opened cache.
        deduplicate: leave out rows whose text is also in a later split.
        rows: how many of each split to take; None takes all.

    Raises:
        UserError: a split lacks a class.
    """
    splits = {name: open_split(cache, name) for name in SPLITS}
    texts = {name: split.texts for name, split in splits.items()}
    found = leaks(texts)
    if deduplicate and any(found.values()):
        splits = {name: each(splits[name], SomeRows, kept) for name, kept in unleaked(texts).items()}
    if rows is not None:
        splits = {name: each(split, first_rows, rows) for name, split in splits.items()}
    for name, split in splits.items():
        try:
            require_labels(split.labels, name, cache.task)
        except ValueError as error:
            raise UserError(f"the cache {cache.name} cannot be used: {error}") from None
    return {name: splits[name] for name in SPLITS}, found
