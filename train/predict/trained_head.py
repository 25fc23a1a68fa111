"""A head of a finished run, with everything that says how to use it."""

import hashlib
import math
import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

from jaxtyping import PyTree

from headstart.cache.block import MAX_PART_ROWS, MIN_PART_ROWS
from headstart.cache.recipe import Recipe
from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.text import did_you_mean
from headstart.cache.task import Task
from headstart.train.metrics.probabilities import DEFAULT, Threshold
from headstart.train.results.folder import RUN, RunFolder
from headstart.train.results.result import Result
from headstart.train.results.run_record import RunRecord
from headstart.train.results.verify import Template, read_head, recipe_of


class Trained(NamedTuple):
    """A head of a run.

    Attributes:
        name: Name of the head.
        seed: Seed of its training.
        recipe: Recipe of the features that it learnt from.
        params: Its parameters.
        run: Everything else about its run.
        identity: SHA-256 that no other head of any run has.
        folder: Folder of the run.
    """

    name: str
    seed: int
    recipe: Recipe
    params: PyTree
    run: RunRecord
    identity: str
    folder: str = ""

    @property
    def task(self) -> Task:
        """What it tells apart."""
        return self.run.task

    @property
    def backbone(self) -> str:
        """Name of the backbone, for people: what the user called it, but no path that leads elsewhere."""
        name, argument = str(self.run.cache.source.get("backbone", "")), self._argument
        elsewhere = argument.startswith((os.sep, os.pardir))
        return (name or os.path.basename(argument)) if elsewhere else argument

    @property
    def backbone_place(self) -> str:
        """Where the backbone was: its folder as seen from the run's, else the name or path that the user wrote."""
        place = os.path.join(self.folder, self._argument)
        return place if os.sep in self._argument and os.path.isdir(place) else self._argument

    @property
    def _argument(self) -> str:
        source = self.run.cache.source
        return str(source.get("backbone_argument") or source.get("backbone", ""))

    @property
    def thresholds(self) -> Threshold:
        """Thresholds chosen on the validation rows; None for a multiclass task."""
        return self.run.statistics.threshold.get(self.name)

    @property
    def block_rows(self) -> int:
        """Rows that go through the backbone together, as the test rows did."""
        return min(self.run.cache.block_rows or MIN_PART_ROWS, MAX_PART_ROWS)

    def threshold(self, asked: float | None) -> float | list[float]:
        """Probability above which a class is said: as asked, else of several labels the run's, else 0.5.

        Raises:
            UserError: the task has no threshold.
        """
        if asked is None:
            return self.thresholds if isinstance(self.thresholds, list) else DEFAULT
        if self.task.link == "softmax":
            raise UserError("--threshold: of several classes the most probable is taken; leave it out")
        return [asked] * len(self.task.classes) if self.task.several else asked


def open_trained(path: str, asked: str, known: Callable[[str], bool], template: Template) -> Trained:
    """Read a head of a run.

    Args:
        path: Folder that `bench.py` wrote.
        asked: A head, or `best`.
        known: Whether there is a head of a name.
        template: Gives the shapes of a head's parameters.

    Raises:
        UserError: there is no such run or head, or its parameters cannot be read.
    """
    path = path.rstrip("/") or "/"
    folder = RunFolder(path)
    run = folder.record()
    if folds := run.settings.folds:
        raise UserError(
            f"{path} holds {folds} heads of each name, none of which learnt from all rows; run bench.py without "
            "--folds for a head to use"
        )
    recipe = recipe_of(path, run)
    name, seed = choose(run.results, asked, known)
    row = next(row for row in run.results if (row.head, row.seed) == (name, seed))
    params = read_head(folder, run, row, template)
    return Trained(name, seed, recipe, params, run, _identity(os.path.join(path, RUN), name, seed), path)


def choose(results: Sequence[Result], asked: str, known: Callable[[str], bool]) -> tuple[str, int]:
    """The head and seed with the lowest validation loss: test rows choose nothing.

    Raises:
        UserError: the run has no such head, or all of them diverged.
    """
    rows = [row for row in results if known(row.head) and asked in ("best", row.head)]
    if not rows:
        there = dict.fromkeys(row.head for row in results if known(row.head))
        listed = ", ".join(there) or "none that this version knows"
        raise UserError(f"the run has no head {asked!r}; {did_you_mean(asked, there)}it has: {listed}")
    finite = [row for row in rows if math.isfinite(row.valid_loss)]
    if not finite:
        raise UserError(f"no head of the run learnt anything: all losses of {asked!r} are NaN")
    best = min(finite, key=lambda row: row.valid_loss)
    return best.head, best.seed


def _identity(path: str, name: str, seed: int) -> str:
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(f"{name}/{seed}".encode())
    return digest.hexdigest()
