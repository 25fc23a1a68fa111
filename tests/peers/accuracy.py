"""Test accuracies of Keras and of ours over several seeds, on the same features."""

import json
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from markdown import table
from our_run import run_ours
from talk import Worker
from trainers import EPOCHS

LIMIT = 2.0
"""Standard errors at which a difference is marked."""

Scores = dict[str, dict[str, float]]
"""Head -> seed -> test accuracy."""


def keras_scores(cache: str, heads: Sequence[str], seeds: int, store: Path) -> Scores:
    """Train every head with every seed; what the file holds already is not trained again."""
    scores: Scores = json.loads(store.read_text()) if store.exists() else {}
    missing = [(h, str(s)) for s in range(seeds) for h in heads if str(s) not in scores.get(h, {})]
    if missing:
        worker = Worker("train_keras.py", cache)
        for head, seed in missing:
            answer = worker.ask("fit", head=head, pooled=True, seed=int(seed), epochs=EPOCHS)
            scores.setdefault(head, {})[seed] = answer["test_accuracy"]
            store.write_text(json.dumps(scores, indent=1))
        worker.close()
    return scores


def our_scores(cache: str, heads: Sequence[str], seeds: int, store: Path) -> Scores:
    """Likewise with bench.py, a run for each head: a stopped comparison goes on where it was."""
    scores: Scores = json.loads(store.read_text()) if store.exists() else {}
    for head in heads:
        if len(scores.get(head, {})) < seeds:
            run = run_ours(cache, head, seeds)
            scores[head] = {str(seed): value for seed, value in enumerate(run.accuracy[head])}
            store.write_text(json.dumps(scores, indent=1))
    return scores


def accuracy_table(ours: Scores, keras: Scores, heads: Sequence[str], seeds: int) -> str:
    """Means over seeds, their difference, and whether it is more than chance."""
    header = ("head", "ours", "Keras", "difference", "standard error", "in standard errors", "")
    return table(header, accuracy_rows(ours, keras, heads, seeds))


def accuracy_rows(ours: Scores, keras: Scores, heads: Sequence[str], seeds: int) -> Iterator[tuple[str, ...]]:
    """Cells of the table."""
    for head in heads:
        one, other = (first_seeds(scores[head], seeds) for scores in (ours, keras))
        difference = statistics.fmean(one) - statistics.fmean(other)
        error = difference_error(one, other)
        ratio = abs(difference) / error if error else math.inf * (difference != 0)
        means = (f"{statistics.fmean(values):.4f}" for values in (one, other))
        mark = "differs" if ratio >= LIMIT else ""
        yield (head, *means, f"{difference:+.4f}", f"{error:.4f}", f"{ratio:.1f}", mark)


def first_seeds(scores: Mapping[str, float], seeds: int) -> list[float]:
    return [scores[str(seed)] for seed in range(seeds)]


def difference_error(one: Sequence[float], other: Sequence[float]) -> float:
    """Standard error of the difference of two means of independent runs (Welch)."""
    return math.sqrt(sum(statistics.variance(values) / len(values) for values in (one, other)))
