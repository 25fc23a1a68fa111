"""What is to be told apart: the kind of task, and the classes by name."""

from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Int

from headstart.cache.runtime.errors import CacheError


class TaskKind(NamedTuple):
    """What is true of all tasks of a kind.

    Attributes:
        classes: Fewest and most classes; None: any number.
        outputs: Logits per row; None: one for each class.
        link: How logits become probabilities: `sigmoid` of each, or `softmax` over all.
        several: Whether a row can have several classes, or none; its labels are then 0 or 1 for each class.
    """

    classes: tuple[int, int | None]
    outputs: int | None
    link: Literal["sigmoid", "softmax"]
    several: bool


KINDS = {
    "binary": TaskKind(classes=(2, 2), outputs=1, link="sigmoid", several=False),
    "multiclass": TaskKind(classes=(2, None), outputs=None, link="softmax", several=False),
    "multilabel": TaskKind(classes=(1, None), outputs=None, link="sigmoid", several=True),
}


class Task(NamedTuple):
    """A classification task.

    Attributes:
        kind: `binary`; `multiclass`: one of several classes; `multilabel`: any number of several classes.
        classes: Names; of label 0 and label 1 where the kind is `binary`, else one for each output.
    """

    kind: str
    classes: tuple[str, ...]

    @property
    def outputs(self) -> int:
        """Logits per row."""
        return KINDS[self.kind].outputs or len(self.classes)

    @property
    def link(self) -> Literal["sigmoid", "softmax"]:
        """How logits become probabilities."""
        return KINDS[self.kind].link

    @property
    def several(self) -> bool:
        """Whether a row can have several classes, or none."""
        return KINDS[self.kind].several

    @property
    def highest_label(self) -> int:
        """Largest number among the labels."""
        return 1 if self.several else len(self.classes) - 1

    def label_shape(self, rows: int) -> tuple[int, ...]:
        """Shape of the labels of so many rows: one class number each, or 0 or 1 for each class."""
        return (rows, len(self.classes)) if self.several else (rows,)

    def fits(self, labels: np.ndarray) -> bool:
        """Whether labels have the shape and the range of the task's."""
        shaped = labels.shape == self.label_shape(len(labels))
        return bool(shaped and ((labels >= 0) & (labels <= self.highest_label)).all())

    def to_json(self) -> dict[str, Any]:
        """Return the fields as a JSON object."""
        return {"kind": self.kind, "classes": list(self.classes)}

    @classmethod
    def from_json(cls, fields: Any) -> "Task":
        """Rebuild a task from `to_json`.

        Raises:
            CacheError: the fields describe no task.
        """
        if not isinstance(fields, dict) or set(fields) != {"kind", "classes"}:
            raise CacheError("the recipe's task has not the fields kind and classes")
        kind, classes = fields["kind"], fields["classes"]
        named = isinstance(classes, list) and all(isinstance(name, str) for name in classes)
        if not isinstance(kind, str) or kind not in KINDS or not named:
            raise CacheError("the recipe's task has an unknown kind, or classes without names")
        fewest, most = KINDS[kind].classes
        if not fewest <= len(classes) <= (most or len(classes)) or len(set(classes)) < len(classes):
            raise CacheError(f"the recipe's {kind} task cannot have {len(classes)} classes with these names")
        return cls(kind, tuple(classes))


def class_counts(task: Task, labels: Int[np.ndarray, " b"] | Int[np.ndarray, "b k"]) -> list[tuple[str, int]]:
    """How many rows have each class, in the order of the classes; a row of a multilabel task can have several."""
    counts = labels.sum(axis=0) if task.several else np.bincount(labels, minlength=len(task.classes))
    return list(zip(task.classes, counts.tolist(), strict=True))


BINARY = Task("binary", ("0", "1"))
