"""The folder of a run's results: what lies where, written whole or not at all."""

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile

import numpy as np

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.files import atomic_file, remove_partials
from headstart.train.engine.checkpoints import save
from headstart.train.engine.history import FitResult
from headstart.train.engine.loss import Metrics
from headstart.train.results import plots
from headstart.train.results.result import mean_by_head, to_csv
from headstart.train.results.run_record import RunRecord

RUN = "results.json"
STALE = (RUN, "results.csv", "comparison.png", "report.html")
"""What an older run has left, and what would belie the heads of a new one."""


class RunFolder:
    """Writes `results.csv`, `results.json`, `predictions/`, `checkpoints/`, `history/` and the report.

    Args:
        path: The folder.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def clear(self) -> None:
        """Remove what belongs to an older run, before the first head of a new one is written."""
        for name in STALE:
            Path(self.path, name).unlink(missing_ok=True)

    def prepare(self) -> None:
        """Make the folder; what an older run has left in it stays for now.

        Raises:
            UserError: it cannot be written; better now than after the training.
        """
        try:
            os.makedirs(self.path, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path):
                pass
        except OSError as error:
            raise UserError(
                f"the folder {self.path} cannot be written ({error.strerror}); choose another --out"
            ) from None

    def write(self, name: str, text: str) -> None:
        """Write a text file whole or not at all."""
        with self._new_file(name) as file:
            file.write(text.encode())

    def _new_file(self, name: str) -> AbstractContextManager[IO[bytes]]:
        path = os.path.join(self.path, name)
        remove_partials(path)
        return atomic_file(path)

    def save_head(self, name: str, seed: int, fitted: FitResult, title: str, fold: int | None = None) -> None:
        """Write a head's checkpoints and the picture of its epochs; of folds, counted from 1, the first one's."""
        parts = ("checkpoints", name, *([f"fold-{fold}"] if fold else []), f"seed-{seed}")
        checkpoints = os.path.join(self.path, *parts)
        save(checkpoints, "best", fitted.best_params)
        save(checkpoints, "last", fitted.last_params)
        if fold and fold > 1:
            return
        os.makedirs(os.path.join(self.path, "history"), exist_ok=True)
        stem = name if seed == 0 else f"{name}-seed-{seed}"
        figure = plots.history(fitted.history, title, fitted.best_epoch)
        figure.savefig(os.path.join(self.path, "history", f"{stem}.png"), dpi=100)

    def save_predictions(self, split: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Write `predictions/<split>.npz`: `labels`, `rows`, and for `<head>/<seed>` the logits `[n, outputs]`."""
        os.makedirs(os.path.join(self.path, "predictions"), exist_ok=True)
        savez: Any = np.savez  # its stubs take the names of arrays for options
        with self._new_file(f"predictions/{split}.npz") as file:
            savez(file, **arrays)

    def save_record(self, record: RunRecord, titles: Mapping[str, str]) -> None:
        """Write `results.csv` and `results.json`, and draw the notebook's two bar charts, with 95 % intervals."""
        self.write("results.csv", to_csv(record.results))
        self.write(RUN, json.dumps(record.to_json(), indent=1, allow_nan=False) + "\n")
        majority = Metrics(record.results[0].test_loss, record.results[0].test_accuracy)
        bars = [
            plots.comparison_row(row, record.statistics.metrics[row.head], titles[row.head])
            for row in mean_by_head(record.results)
            if row.head in titles
        ]
        plots.comparison(bars, majority).savefig(os.path.join(self.path, "comparison.png"), dpi=120)

    def record(self) -> RunRecord:
        """Read `results.json`.

        Raises:
            UserError: there is none, or it is of another kind.
        """
        path = os.path.join(self.path, RUN)
        try:
            with open(path, encoding="utf-8") as file:
                fields = json.load(file)
        except (OSError, ValueError) as error:
            raise UserError(
                f"{self.path} holds no finished run ({error}); make one with `python bench.py`"
            ) from None
        try:
            return RunRecord.from_json(fields)
        except (TypeError, ValueError):
            raise UserError(f"{path} is not what bench.py of this version writes; run it again") from None

    def predictions(self, split: str) -> dict[str, np.ndarray]:
        """Read `predictions/<split>.npz`; nothing in it is executed.

        Raises:
            UserError: it is not there, or damaged.
        """
        path = os.path.join(self.path, "predictions", f"{split}.npz")
        try:
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays.files}
        except (OSError, ValueError, EOFError, KeyError, BadZipFile) as error:
            raise UserError(f"{path} cannot be read ({error}); run `python bench.py` again") from None
