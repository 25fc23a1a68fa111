"""Several runs side by side: what another backbone, cleaning or masking changes for each head."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.stats import fisher_exact

from cache.task import Task
from train.probabilities import probabilities
from train.statistics.alignment import Run, align, taken
from train.statistics.bootstrap import RESAMPLES, resample
from train.statistics.entrant import all_right
from train.statistics.pairs import Judged, Test, contrast, decide, mcnemar


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
    decided = iter(decide([row for pair in pairs for row in pair["heads"]], "change"))
    return {
        "compared": "subset_accuracy" if runs[0].task.kind == "multilabel" else "accuracy",
        "runs": [{"name": run.name, "rows": len(run.rows), "accuracy": _accuracies(run)} for run in named],
        "pairs": [{**pair, "heads": [next(decided) for _ in pair["heads"]]} for pair in pairs],
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
    """One head in two runs; b less a is what b changes."""
    found = contrast(a, b, mcnemar if paired else _fisher, sign=-1)
    change = found.pop("difference")
    return {"a": float(a.accuracies.mean()), "b": float(b.accuracies.mean()), "change": change, **found}


def _fisher(a: Bool[np.ndarray, " n"], b: Bool[np.ndarray, " m"]) -> Test:
    """Fisher's exact test of decisions on separate rows."""
    p = fisher_exact([[int(own.sum()), int((~own).sum())] for own in (a, b)]).pvalue
    return Test(float(p), float(a.mean() - b.mean()), None)


def _judged(run: Run, seed: int, resamples: int) -> dict[str, Judged]:
    """Answers of each head, without the seeds that diverged; heads that have none left are left out."""
    right = {name: _right(run.task, run.labels, logits) for name, logits in run.logits.items()}
    kept = {name: own for name, own in right.items() if len(own)}
    if not kept:
        return {}
    means = np.stack([own.mean(axis=0) for own in kept.values()]).astype(np.float32)
    draws = resample(lambda weights: means @ weights / len(run.rows), len(run.rows), resamples, seed)
    return {name: Judged(name, own, draws[i]) for i, (name, own) in enumerate(kept.items())}


def _right(
    task: Task, labels: Int[np.ndarray, " n *k"], logits: Float[np.ndarray, "s n o"]
) -> Bool[np.ndarray, "_ n"]:
    """Which rows each seed that did not diverge decides rightly."""
    return all_right(task, labels, probabilities(task, logits[~np.isnan(logits).any(axis=(1, 2))]))


def _accuracies(run: Run) -> dict[str, float | None]:
    right = {name: _right(run.task, run.labels, logits) for name, logits in run.logits.items()}
    return {name: float(own.mean()) if len(own) else None for name, own in right.items()}


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
