"""Several runs side by side: what another backbone, cleaning or masking changes for each head."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.stats import fisher_exact

from headstart.cache.task import Task
from headstart.train.metrics.probabilities import probabilities
from headstart.train.statistics.alignment import Run, align, taken
from headstart.train.statistics.bootstrap import RESAMPLES, resample
from headstart.train.statistics.entrant import all_right
from headstart.train.statistics.pairs import Judged, contrast, decide, gap


def compare_runs(runs: Sequence[Run], seed: int = 0, resamples: int = RESAMPLES) -> dict[str, Any]:
    """Compare every head that two runs share, for every two runs.

    Args:
        runs: two or more, of the same task.
        seed: of the resamples.
        resamples: of the test rows.

    Returns:
        - `compared`: `accuracy`, or `subset_accuracy` where a row has several labels.
        - `runs`: name, rows and accuracy of each head (mean over seeds; null where all seeds diverged).
        - `pairs`: for each two runs `a`, `b`, `paired`, `rows` (null if not paired), `statement`; the heads
          `only_in_a`, `only_in_b`, `diverged_in_a`, `diverged_in_b`; and `heads`: for each other one `head`, its
          accuracy `a` and `b` on the rows compared, `change` (b less a) with `low` and `high`, `only_a`, `only_b`, `p`,
          `p_seeds`, `p_holm`, `differs`. Paired: bootstrap of the difference and McNemar's exact test. Else: two
          separate bootstraps and Fisher's exact test, `only_a` and `only_b` null. Several seeds: see `compare_pairs`.
        - `comparisons`: how many tests there are in all; Holm's correction is over them.

    Raises:
        ValueError: the runs' tasks differ, or there are fewer than two.
    """
    if len(runs) < 2:
        raise ValueError(f"{len(runs)} run cannot be compared; name two or more")
    if len({run.task for run in runs}) > 1:
        raise ValueError("the runs tell apart other classes and cannot be compared: " + _tasks(runs))
    named = _distinct(runs)
    pairs = [_pair(a, b, seed, resamples) for a, b in combinations(named, 2)]
    decided = iter(decide([row for pair in pairs for row in pair["heads"]]))
    return {
        "compared": "subset_accuracy" if runs[0].task.kind == "multilabel" else "accuracy",
        "runs": [{"name": run.name, "rows": len(run.rows), "accuracy": _accuracies(run)} for run in named],
        "pairs": [{**pair, "heads": [_turned(next(decided)) for _ in pair["heads"]]} for pair in pairs],
        "comparisons": sum(len(pair["heads"]) for pair in pairs),
    }


def _pair(a: Run, b: Run, seed: int, resamples: int) -> dict[str, Any]:
    """Two runs on their common rows, or apart."""
    found = align(a, b)
    paired = found.positions is not None
    own = (
        [taken(run, at) for run, at in zip((a, b), found.positions, strict=True)]
        if found.positions
        else [a, b]
    )
    # rows that are not paired are drawn independently
    first, second = (_judged(run, seed if paired else seed + i, resamples) for i, run in enumerate(own))
    shared = [name for name in first if name in second]
    return {
        "a": a.name,
        "b": b.name,
        "paired": paired,
        "rows": len(own[0].rows) if paired else None,
        "statement": found.statement,
        "heads": [{"head": name, **_row(first[name], second[name], paired)} for name in shared],
        "only_in_a": [name for name in a.logits if name not in b.logits],
        "only_in_b": [name for name in b.logits if name not in a.logits],
        "diverged_in_a": [name for name in a.logits if name not in first],
        "diverged_in_b": [name for name in b.logits if name not in second],
    }


def _row(a: Judged, b: Judged, paired: bool) -> dict[str, Any]:
    """One head in two runs."""
    found = contrast(a, b) if paired else _apart(a, b)
    return {"a": float(a.accuracies.mean()), "b": float(b.accuracies.mean()), **found}


def _apart(a: Judged, b: Judged) -> dict[str, Any]:
    """One head on separate rows: as `contrast`, but Fisher's exact test."""
    counts = [[int(own.right.sum()), int((~own.right).sum())] for own in (a, b)]
    return {**gap(a, b), "only_a": None, "only_b": None, "p": float(fisher_exact(counts).pvalue)}


def _turned(row: dict[str, Any]) -> dict[str, Any]:
    """The same row with b less a: what b changes."""
    kept = {key: value for key, value in row.items() if key != "difference"}
    return {**kept, "change": -row["difference"], "low": -row["high"], "high": -row["low"]}


def _judged(run: Run, seed: int, resamples: int) -> dict[str, Judged]:
    """Answers of each head, without the seeds that diverged; heads that have none left are left out."""
    shares = {name: _shares(run.task, logits) for name, logits in run.logits.items()}
    right = {name: all_right(run.task, run.labels, own) for name, own in shares.items() if len(own)}
    if not right:
        return {}
    means = np.stack([own.mean(axis=0) for own in right.values()]).astype(np.float32)
    draws = resample(lambda weights: means @ weights / len(run.rows), len(run.rows), resamples, seed)
    return {
        name: Judged(
            name, all_right(run.task, run.labels, shares[name].mean(axis=0)), own.mean(axis=1), draws[i]
        )
        for i, (name, own) in enumerate(right.items())
    }


def _shares(task: Task, logits: Float[np.ndarray, "s n o"]) -> Float[np.ndarray, "_ n o"]:
    """Probabilities of the seeds that did not diverge."""
    return probabilities(task, logits[~np.isnan(logits).any(axis=(1, 2))])


def _accuracies(run: Run) -> dict[str, float | None]:
    shares = {name: _shares(run.task, logits) for name, logits in run.logits.items()}
    return {
        name: float(all_right(run.task, run.labels, own).mean()) if len(own) else None
        for name, own in shares.items()
    }


def _distinct(runs: Sequence[Run]) -> list[Run]:
    """Number runs of the same name."""
    names = [run.name for run in runs]
    return [
        run._replace(name=f"{run.name} ({names[:i].count(run.name) + 1})")
        if names.count(run.name) > 1
        else run
        for i, run in enumerate(runs)
    ]


def _tasks(runs: Sequence[Run]) -> str:
    return "; ".join(f"{run.name}: {run.task.kind} {', '.join(run.task.classes)}" for run in runs)
