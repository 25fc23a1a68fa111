"""The folder of a run's results: what lies where, written whole or not at all, and read with its SHA-256."""

import contextlib
import json
import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any, NoReturn

import numpy as np
from matplotlib.figure import Figure

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.files import atomic_file, file_sha256, partial_path, read_text, remove_partials
from headstart.cache.runtime.signals import deferred
from headstart.cache.runtime.text import did_you_mean
from headstart.train.engine.checkpoints import Which, digest_of, require_digest, save
from headstart.train.engine.history import FitResult
from headstart.train.engine.loss import Metrics
from headstart.train.engine.stored_files import require_no_link
from headstart.train.results import plots
from headstart.train.results.layout import require_ours
from headstart.train.results.prediction_arrays import read_arrays, require_arrays
from headstart.train.results.result import Result, mean_by_head, to_csv
from headstart.train.results.run_record import RunRecord

RUN = "results.json"
STALE = (RUN, "results.csv", "comparison.png", "layers.png", "report.html")
"""What an older run has left, and what would belie the heads of a new one."""

UNKNOWN = "nothing"
"""What a run that names SHA-256s has written of a head or file that it does not name."""


def checkpoint_of(row: Result) -> str:
    """Folder of a head's checkpoints, below that of the run."""
    fold = [f"fold-{row.fold}"] if row.fold else []
    return "/".join(["checkpoints", row.head, *fold, f"seed-{row.seed}"])


def comparison_figure(record: RunRecord, titles: Mapping[str, str]) -> Figure:
    """The notebook's two bar charts, with 95 % intervals."""
    majority = Metrics(record.results[0].test_loss, record.results[0].test_accuracy)
    bars = [
        plots.comparison_row(row, record.statistics.metrics[row.head], titles[row.head])
        for row in mean_by_head(record.results)
        if row.head in titles
    ]
    return plots.comparison(bars, majority)


class RunFolder:
    """Writes `results.csv`, `results.json`, `predictions/`, `checkpoints/`, `history/` and the report.

    Args:
        path: The folder.

    Attributes:
        digests: SHA-256 of the heads and files that were written here, see `RunRecord`.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.digests: dict[str, str] = {}

    def clear(self) -> None:
        """Remove what belongs to an older run, before the first head of a new one is written."""
        for name in STALE:
            Path(self.path, name).unlink(missing_ok=True)

    def prepare(self) -> list[str]:
        """Make the folder; what an older run has left in it stays for now.

        Returns:
            What else lies where results go: it stays.

        Raises:
            UserError: it cannot be written, or something is in the way; better now than after the training.
        """
        require_no_link(self.path)  # before the first file is made in it
        try:
            os.makedirs(self.path, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path):
                pass
            return require_ours(self.path)
        except OSError as error:
            raise UserError(
                f"the folder {self.path} cannot be written ({error.strerror}); choose another --out"
            ) from None

    @contextlib.contextmanager
    def replaced(self) -> "Iterator[RunFolder]":
        """A fresh folder for all results, which replace an older run's when the `with` block ends without an error.

        Nothing in it is a link that somebody has planted, and a run that is stopped leaves the older one as it was.
        """
        remove_partials(os.path.join(self.path, "results"))
        fresh = partial_path(os.path.join(self.path, "results"))
        os.mkdir(fresh)
        try:
            yield RunFolder(fresh)
            with deferred():
                self._take_over(fresh)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _take_over(self, fresh: str) -> None:
        """Move all results here; until the last, `results.json`, there is no finished run."""
        self.clear()
        for number, name in enumerate(_results(fresh)):
            target = os.path.join(self.path, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if os.path.isdir(target):  # a folder cannot be renamed onto another
                os.rename(target, os.path.join(fresh, f"{number}.old"))
            os.rename(os.path.join(fresh, name), target)

    def write(self, name: str, text: str) -> None:
        """Write a text file whole or not at all."""
        with self._new_file(name) as file:
            file.write(text.encode())

    def _new_file(self, name: str) -> AbstractContextManager[IO[bytes]]:
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        remove_partials(path)
        return atomic_file(path)

    def save_head(self, name: str, seed: int, fitted: FitResult, title: str, fold: int | None = None) -> None:
        """Write a head's checkpoints and the picture of its epochs; of folds, counted from 1, the first one's."""
        parts = ("checkpoints", name, *([f"fold-{fold}"] if fold else []), f"seed-{seed}")
        kept: dict[Which, Any] = {"best": fitted.best_params, "last": fitted.last_params}
        for which, params in kept.items():
            save(os.path.join(self.path, *parts), which, params)
            self.digests["/".join([*parts, which])] = digest_of(params)
        if fold and fold > 1:
            return
        stem = name if seed == 0 else f"{name}-seed-{seed}"
        figure = plots.history(fitted.history, title, fitted.best_epoch)
        with self._new_file(f"history/{stem}.png") as file:
            figure.savefig(file, dpi=180, format="png")

    def save_predictions(self, split: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Write `predictions/<split>.npz`: `labels`, `rows`, and for `<head>/<seed>` the logits `[n, outputs]`."""
        name = f"predictions/{split}.npz"
        savez: Any = np.savez  # its stubs take the names of arrays for options
        with self._new_file(name) as file:
            savez(file, **arrays)
        self.digests[name] = file_sha256(os.path.join(self.path, name))

    def save_record(self, record: RunRecord, titles: Mapping[str, str]) -> None:
        """Write `results.csv` and `results.json`, and draw the notebook's two bar charts, with 95 % intervals."""
        self.write("results.csv", to_csv(record.results))
        self.write(RUN, json.dumps(record.to_json(), indent=1, allow_nan=False) + "\n")
        with self._new_file("comparison.png") as file:
            comparison_figure(record, titles).savefig(file, dpi=120, format="png")
        if record.layers:
            figure = plots.layers(record.layers, record.statistics)
            with self._new_file("layers.png") as file:
                figure.savefig(file, dpi=180, format="png")

    def record(self) -> RunRecord:
        """Read `results.json`.

        Raises:
            UserError: there is none, or it is of another kind.
        """
        path = os.path.join(self.path, RUN)
        try:
            fields = json.loads(read_text(path), parse_constant=_refuse)
        except (OSError, ValueError, RecursionError, UserError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise UserError(f"{self.path} holds no finished run ({why}); {self._instead()}") from None
        try:
            return RunRecord.from_json(fields)
        except (TypeError, ValueError, UserError) as error:
            reason = str(error)[:200]
            raise UserError(
                f"{path} is not what bench.py of this version writes; run it again ({reason})"
            ) from None

    def _instead(self) -> str:
        """What may have been meant by a folder that holds no run."""
        name, path = os.path.basename(os.path.abspath(self.path)), shlex.quote(self.path)
        if os.path.exists(os.path.join(self.path, "recipe.json")):
            if os.path.isfile(os.path.join("results", name, RUN)):
                return f"it is a feature cache; did you mean its run, results/{name}?"
            return f"it is a feature cache; train heads on it: `python bench.py --heads all --cache {path}`"
        if os.path.exists(os.path.join(self.path, RUN)):
            return "make one with `python bench.py --heads all`"
        beside = os.path.dirname(os.path.abspath(self.path))
        names = os.listdir(beside) if os.path.isdir(beside) else []
        runs = [other for other in names if os.path.isfile(os.path.join(beside, other, RUN))]
        if runs and not (question := did_you_mean(name, runs)):
            newest = max(runs, key=lambda run: os.stat(os.path.join(beside, run, RUN)).st_mtime)
            question = f"the newest beside it is {newest}; "
        return f"{question if runs else ''}make one with `python bench.py --heads all`"

    def predictions(self, split: str, run: RunRecord | None = None) -> dict[str, np.ndarray]:
        """Read `predictions/<split>.npz`; nothing in it is executed.

        Args:
            split: `valid` or `test`.
            run: What `record` returns; None where there is none yet, and then only the file itself is looked at.

        Raises:
            UserError: it is not there, damaged, or not the run's.
        """
        name = f"predictions/{split}.npz"
        path = os.path.join(self.path, name)
        try:
            if run and run.digests is not None and os.path.isfile(path):
                require_digest("its bytes", file_sha256(path), run.digests.get(name, UNKNOWN))
            arrays = read_arrays(path)
            if run:
                require_arrays(run.task, arrays, repeated=split == "valid" and run.folds is not None)
        except (OSError, ValueError, UserError) as error:
            raise UserError(f"{path} cannot be read ({error}); run `python bench.py` again") from None
        return arrays


def _results(fresh: str) -> list[str]:
    """Paths of all results: files, and folders of a head's parameters; the record comes last."""
    names = []
    for at, folders, files in os.walk(fresh):
        heads = [name for name in folders if name in ("best", "last")]
        folders[:] = [name for name in folders if name not in heads]
        names += [os.path.relpath(os.path.join(at, name), fresh) for name in [*heads, *files]]
    return sorted(names, key=lambda name: (name == RUN, name))


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON's")
