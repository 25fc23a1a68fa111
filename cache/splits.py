"""Names of splits: train, valid, test, and views of train, which hold its rows once more with other dropout."""

import re

SPLITS = ("train", "valid", "test")
MOST_VIEWS = 999

_VIEW = re.compile(r"train-view-([1-9][0-9]{0,2})")


def view_names(views: int) -> tuple[str, ...]:
    """Names of the splits that hold so many views: `train-view-1`, `train-view-2`, ..."""
    return tuple(f"train-view-{number}" for number in range(1, views + 1))


def view_number(split: str) -> int:
    """Number of the view that a split holds; 0 where it holds no view, but rows without dropout."""
    view = _VIEW.fullmatch(split)
    return int(view[1]) if view else 0


def rows_split(split: str) -> str:
    """Name of the split whose rows a split holds: of a view `train`, else its own."""
    return "train" if view_number(split) else split


def split_order(split: str) -> tuple[int, int]:
    """Sorts splits: train, its views, valid, test; anything else last."""
    rows = rows_split(split)
    return SPLITS.index(rows) if rows in SPLITS else len(SPLITS), view_number(split)
