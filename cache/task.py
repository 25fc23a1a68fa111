"""What is to be told apart: the kind of task, and the classes by name."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

from headstart.cache.runtime.errors import CacheError

KINDS = ("binary", "multiclass", "multilabel")


class Task(NamedTuple):
    """A classification task.

    Attributes:
        kind: `binary`; `multiclass`: one of several classes; `multilabel`: any number of several classes.
        classes: names; of label 0 and label 1 where the kind is `binary`, else one for each output.
    """

    kind: str
    classes: tuple[str, ...]

    @property
    def outputs(self) -> int:
        """Logits per row."""
        return 1 if self.kind == "binary" else len(self.classes)

    def label_shape(self, rows: int) -> tuple[int, ...]:
        """Shape of the labels of so many rows: one class number each, or 0 or 1 for each class."""
        return (rows, len(self.classes)) if self.kind == "multilabel" else (rows,)

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
        if kind not in KINDS or not isinstance(classes, list) or not all(isinstance(c, str) for c in classes):
            raise CacheError("the recipe's task has an unknown kind, or classes without names")
        fewest = 1 if kind == "multilabel" else 2
        if (
            len(classes) < fewest
            or (kind == "binary" and len(classes) != 2)
            or len(set(classes)) < len(classes)
        ):
            raise CacheError(f"the recipe's {kind} task cannot have {len(classes)} classes with these names")
        return cls(kind, tuple(classes))


def class_counts(task: Task, labels: Int[np.ndarray, " b"] | Int[np.ndarray, "b k"]) -> list[tuple[str, int]]:
    """How many rows have each class, in the order of the classes; a row of a multilabel task can have several."""
    several = task.kind == "multilabel"
    counts = labels.sum(axis=0) if several else np.bincount(labels, minlength=len(task.classes))
    return list(zip(task.classes, counts.tolist(), strict=True))


BINARY = Task("binary", ("0", "1"))
