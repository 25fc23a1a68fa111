"""What to do with a comparison: look at the report, label texts, or test more rows where these cannot decide."""

import shlex
from collections.abc import Iterator
from typing import NamedTuple

from headstart.cache.runtime.options import words_of
from headstart.train.options import ComparisonSettings
from headstart.train.results.run_record import RunRecord
from headstart.train.statistics.findings import Summary

FEW_ROWS = 1000
"""Test rows, from which on folds promise little: intervals of an accuracy are then at most 6 points wide."""
FOLDS = "5"


class NextStep(NamedTuple):
    """A command, and what it is for."""

    about: str
    words: list[str]


def next_steps(
    run: RunRecord, path: str, settings: ComparisonSettings, location: str, prog: str
) -> Iterator[NextStep]:
    """The best next commands after a comparison.

    Args:
        run: What was found.
        path: Folder of the results.
        settings: What the user chose.
        location: Path of the cache.
        prog: The command: `python bench.py layers`.
    """

    def again(**changes: object) -> list[str]:
        return [
            *shlex.split(prog),
            *words_of(settings, cache=location, cache_dir=None, fresh=None, **changes),
        ]

    yield NextStep(f"the report is {path}/report.html", [])
    if settings.quick:
        yield NextStep("train on all rows", again(quick=False))
    elif settings.folds:
        yield NextStep("train heads that label new texts; those of folds do not", again(folds=0))
    else:
        if is_undecided(run.statistics):
            rows, every = run.statistics.rows, sum(run.rows.values())
            yield NextStep(
                f"{rows:,} test rows are too few to tell the heads apart; --folds {FOLDS} tests all {every:,} rows, "
                f"in about {FOLDS} times the time",
                again(folds=FOLDS),
            )
        files = ["--input", "new.csv", "--output", "labels.csv"]
        yield NextStep("label the texts of a file", ["python", "predict.py", "--run", path, *files])


def is_undecided(summary: Summary) -> bool:
    """Whether few test rows leave open which head is best: no other head differs from the one that comes first."""
    heads = {name: estimate.mean for name, estimate in summary.compared_estimates().items()}
    values = {
        name: mean for name, mean in heads.items() if name not in summary.baselines and mean is not None
    }
    if summary.rows > FEW_ROWS or len(values) < 2:
        return False
    first = max(values, key=lambda name: values[name])
    return not any(summary.differ(first, name) for name in values)
