"""A head of a finished run, with everything that says how to use it."""

import hashlib
import json
import math
import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from jaxtyping import PyTree

from headstart.cache.block import MAX_PART_ROWS, MIN_PART_ROWS
from headstart.cache.recipe import Recipe
from headstart.cache.runtime.errors import UserError
from headstart.cache.task import Task
from headstart.train.engine.checkpoints import restore
from headstart.train.metrics.thresholds import DEFAULT
from headstart.train.results.folder import RUN, RunFolder


def block_of(rows: int | None) -> int:
    """Rows that go through the backbone together.

    Args:
        rows: of a block of the features that the head learnt from; None if that is not known.
    """
    return min(rows or MIN_PART_ROWS, MAX_PART_ROWS)


Template = Callable[[str, int, int], PyTree]
"""Name of a head, width of a token, outputs -> parameters of the right shapes."""


class Trained(NamedTuple):
    """A head of a run.

    Attributes:
        name: of the head.
        seed: of its training.
        task: what it tells apart.
        recipe: of the features that it learnt from.
        params: its parameters.
        operands: dtype of what its large matmuls multiply.
        backbone: what the user called the backbone.
        thresholds: chosen on the validation rows; None for a multiclass task.
        block_rows: that go through the backbone together, as the test rows did.
        device: that the features were computed on, see `cache.manifest.Manifest`.
        run: `results.json`.
        identity: SHA-256 that no other head of any run has.
    """

    name: str
    seed: int
    task: Task
    recipe: Recipe
    params: PyTree
    operands: str
    backbone: str
    thresholds: float | list[float] | None
    block_rows: int
    device: dict[str, Any]
    run: dict[str, Any]
    identity: str

    @property
    def width(self) -> int:
        """Length of a token's vector."""
        return width_of(self.recipe)

    def threshold(self, wanted: float | None) -> float | list[float]:
        """Above which a probability says 1: as wanted, else of several labels the run's own, else 0.5.

        Raises:
            UserError: the task has no threshold.
        """
        if wanted is not None and self.task.kind == "multiclass":
            raise UserError("--threshold: of several classes the most probable is taken; leave it out")
        if wanted is not None:
            return wanted if self.task.kind == "binary" else [wanted] * len(self.task.classes)
        return self.thresholds if isinstance(self.thresholds, list) else DEFAULT


def open_trained(path: str, wanted: str, heads: Sequence[str], template: Template) -> Trained:
    """Read a head of a run.

    Args:
        path: folder that `bench.py` wrote.
        wanted: a head, or `best`.
        heads: all there are.
        template: gives the shapes of a head's parameters.

    Raises:
        UserError: there is no such run or head, or its parameters cannot be read.
    """
    path = path.rstrip("/") or "/"
    run = RunFolder(path).results()
    if folds := run["settings"].get("folds"):
        raise UserError(
            f"{path} holds {folds} heads of each name, none of which learnt from all rows; run bench.py without "
            "--folds for a head to use"
        )
    task, recipe = Task.from_json(run["task"]), Recipe.from_json(run["cache"]["recipe"])
    name, seed = choose(run["results"], wanted, heads)
    folder = os.path.join(path, "checkpoints", name, f"seed-{seed}")
    try:
        params = restore(folder, "best", template(name, width_of(recipe), task.outputs))
    except (OSError, ValueError) as error:
        raise UserError(f"the head {name} of {path} cannot be read: {error}") from None
    source = run["cache"]["source"]
    backbone = source.get("backbone_argument") or source.get("backbone", "")
    thresholds = run.get("statistics", {}).get("threshold", {}).get(name)
    identity = _identity(os.path.join(path, RUN), name, seed)
    made = block_of(run["cache"].get("block_rows")), run["cache"].get("device", {})
    return Trained(
        name, seed, task, recipe, params, run["operands"], str(backbone), thresholds, *made, run, identity
    )


def choose(results: Sequence[dict[str, Any]], wanted: str, heads: Sequence[str]) -> tuple[str, int]:
    """The head and seed with the lowest validation loss: test rows choose nothing.

    Raises:
        UserError: the run has no such head, or all of them diverged.
    """
    rows = [row for row in results if row["head"] in heads and wanted in ("best", row["head"])]
    if not rows:
        there = ", ".join(dict.fromkeys(row["head"] for row in results if row["head"] in heads))
        raise UserError(f"the run has no head {wanted!r}; it has: {there}")
    finite = [row for row in rows if row["valid_loss"] is not None and math.isfinite(row["valid_loss"])]
    if not finite:
        raise UserError(f"no head of the run learnt anything: all losses of {wanted!r} are NaN")
    best = min(finite, key=lambda row: float(row["valid_loss"]))
    return best["head"], int(best["seed"])


def width_of(recipe: Recipe) -> int:
    """Length of a token's vector in features of this recipe."""
    return int(json.loads(recipe.architecture)["dim"])


def _identity(path: str, name: str, seed: int) -> str:
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(f"{name}/{seed}".encode())
    return digest.hexdigest()
