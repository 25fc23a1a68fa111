"""Names of splits: train, valid, test, and views of train, which hold its rows once more with other dropout."""

import re

SPLITS = ("train", "valid", "test")


MOST_VIEWS = 999

_VIEW = re.compile(r"train-view-([1-9]\d{0,2})")


def view_names(views: int) -> tuple[str, ...]:
    """Names of the splits that hold so many views: `train-view-1`, `train-view-2`, ..."""
    return tuple(f"train-view-{number}" for number in range(1, views + 1))


def view_number(split: str) -> int:
    """Number of the view that a split holds; 0 where it holds no view, but rows without dropout."""
    found = _VIEW.fullmatch(split)
    return int(found[1]) if found else 0


def rows_split(split: str) -> str:
    """Name of the split whose rows a split holds: of a view `train`, else its own."""
    return "train" if view_number(split) else split


def split_order(split: str) -> tuple[int, int]:
    """Sorts splits: train, its views, valid, test; anything else last."""
    order = ("train", "valid", "test")
    own = rows_split(split)
    return order.index(own) if own in order else len(order), view_number(split)
