"""From a cache's split to the features that heads are trained on."""

from cache.errors import UserError
from cache.reader import Cache
from train.every_position import EveryPosition
from train.some_rows import Readable
from train.views import Views


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
