"""Finished runs, read back and put side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cache.errors import UserError
from cache.task import Task
from train.folder import RunFolder
from train.statistics.alignment import Run
from train.statistics.compare import compare_runs
from train.statistics.compare_lines import compare_lines


def side_by_side(folders: Sequence[RunFolder]) -> tuple[dict[str, Any], str]:
    """Compare runs on their test rows.

    Returns:
        What `train.statistics.compare.compare_runs` returns, and its text for a terminal.

    Raises:
        UserError: a folder holds no run, or the runs cannot be compared.
    """
    try:
        found = compare_runs([_run(folder) for folder in folders])
    except ValueError as error:
        raise UserError(str(error)) from None
    return found, compare_lines(found)


def _run(folder: RunFolder) -> Run:
    about, arrays = folder.results(), folder.predictions("test")
    task = Task.from_json(about["task"])
    return Run(about["cache"]["name"], task, arrays.pop("labels"), arrays.pop("rows"), by_head(arrays))


def by_head(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Logits `[s, n, outputs]` of each head, from those of each `<head>/<seed>`."""
    heads = dict.fromkeys(name.rpartition("/")[0] for name in arrays)
    return {
        head: np.stack([own for name, own in arrays.items() if name.rpartition("/")[0] == head])
        for head in heads
    }
