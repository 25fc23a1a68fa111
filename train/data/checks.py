"""What is checked before an epoch is spent on rows: labels of the task, and texts that stand in two splits.

A head that has seen a test row is not tested by it.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Int

from headstart.cache.splits import SPLITS
from headstart.cache.task import BINARY, Task, class_counts

FEW, MOST_NAMED = 10, 8


def require_labels(labels: Int[np.ndarray, " b *k"], split: str, task: Task = BINARY) -> None:
    """Check that a split has rows, and labels of the task alone.

    Raises:
        ValueError: there are none, or others than the task's.
    """
    if len(labels) == 0:
        raise ValueError(f"the {split} split has no rows; extract it from more data")
    values, highest = np.unique(labels), task.highest_label
    if labels.shape != task.label_shape(len(labels)) or not np.isin(values, range(highest + 1)).all():
        shown = ", ".join(map(str, values[:10]))
        raise ValueError(f"the {split} split has labels {shown}; a {task.kind} task needs 0 to {highest}")


def leaks(texts: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """How many rows of a later split have a text that also stands in an earlier one: `train/test` and so on.

    Args:
        texts: The cleaned texts of each split. Empty ones count like all others: they are the same to the encoder.
    """
    pairs = [(one, other) for at, one in enumerate(SPLITS) for other in SPLITS[at + 1 :]]
    distinct = {name: set(split) for name, split in texts.items()}
    return {f"{one}/{other}": sum(text in distinct[one] for text in texts[other]) for one, other in pairs}


def unleaked(texts: Mapping[str, Sequence[str]]) -> dict[str, Bool[np.ndarray, " b"]]:
    """Which rows of each split stay when no text may stand in two.

    A text stays where it is judged: in test before validation, in validation before training. So the test rows stay
    the same, and runs with and without leaks can be compared on them.
    """
    later: set[str] = set()
    kept = {}
    for name in reversed(SPLITS):
        kept[name] = np.array([text not in later for text in texts[name]], bool)
        later |= set(texts[name])
    return kept


def few_rows(task: Task, labels: Int[np.ndarray, " b *k"]) -> list[str]:
    """A warning that names the classes with few test rows; none where all have enough.

    Args:
        task: Kind and classes.
        labels: Labels of all rows that are tested.
    """
    rare = [f"{name!r} ({count})" for name, count in class_counts(task, labels) if count < FEW]
    more = [f"{len(rare) - MOST_NAMED:,} more"] if len(rare) > MOST_NAMED else []
    named = ", ".join([*rare[:MOST_NAMED], *more])
    return [
        f"warning: fewer than {FEW} test rows have the class {named}: its scores are mostly chance"
    ] * bool(rare)


def describe_leaks(counts: Mapping[str, int], removed: bool) -> str:
    """Say how many rows of a split have a text that an earlier split has too."""
    if not any(counts.values()):
        return "no text stands in two splits"
    pairs = [(*name.split("/"), count) for name, count in counts.items()]
    rows = ", ".join(f"{count:,} rows of {later} also in {earlier}" for earlier, later, count in pairs)
    after = (
        "left out of the earlier split" if removed else "`--deduplicate` leaves them out of the earlier split"
    )
    return f"identical texts: {rows}; {after}"
