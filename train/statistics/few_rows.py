"""From how many rows on an interval is to be believed.

Coverage of the 95 % intervals in per cent, simulated (`python tests/benchmarks/coverage_of_few_rows.py`: a calibrated
head, two equal classes, 300 trials; Monte-Carlo error 1 to 2); an interval that is not given covers nothing:

| accuracy | rows | loss | accuracy | Brier | F1 | macro F1 | balanced | ROC-AUC | AP | ECE |
|---|---|---|---|---|---|---|---|---|---|---|
| 0.55 | 5 | 90 | 98 | 90 | 75 | 82 | 91 | 62 | 71 | 80 |
| 0.55 | 20 | 95 | 97 | 95 | 95 | 96 | 96 | 96 | 89 | 98 |
| 0.55 | 50 | 94 | 95 | 93 | 96 | 94 | 93 | 95 | 93 | 99 |
| 0.55 | 100 | 93 | 97 | 93 | 95 | 96 | 96 | 95 | 90 | 99 |
| 0.55 | 200 | 93 | 97 | 93 | 94 | 94 | 94 | 93 | 93 | 99 |
| 0.55 | 1000 | 91 | 94 | 91 | 96 | 93 | 93 | 92 | 94 | 99 |
| 0.7 | 5 | 87 | 100 | 87 | 69 | 78 | 79 | 46 | 47 | 96 |
| 0.7 | 20 | 93 | 98 | 93 | 97 | 96 | 95 | 94 | 87 | 98 |
| 0.7 | 50 | 92 | 95 | 93 | 97 | 95 | 94 | 94 | 92 | 99 |
| 0.7 | 100 | 92 | 97 | 93 | 95 | 96 | 96 | 93 | 90 | 100 |
| 0.7 | 200 | 91 | 94 | 91 | 94 | 94 | 93 | 92 | 94 | 98 |
| 0.7 | 1000 | 92 | 94 | 92 | 92 | 92 | 92 | 93 | 93 | 99 |
| 0.9 | 5 | 67 | 99 | 62 | 35 | 39 | 39 | 13 | 13 | 100 |
| 0.9 | 20 | 86 | 99 | 86 | 87 | 87 | 87 | 70 | 70 | 100 |
| 0.9 | 50 | 90 | 98 | 91 | 93 | 95 | 94 | 88 | 89 | 100 |
| 0.9 | 100 | 90 | 94 | 90 | 93 | 95 | 93 | 90 | 86 | 100 |
| 0.9 | 200 | 93 | 96 | 92 | 93 | 93 | 94 | 93 | 91 | 99 |
| 0.9 | 1000 | 91 | 94 | 92 | 94 | 93 | 93 | 91 | 91 | 99 |
| 0.95 | 5 | 50 | 98 | 41 | 19 | 20 | 20 | 3 | 3 | 100 |
| 0.95 | 20 | 75 | 98 | 73 | 64 | 62 | 64 | 36 | 36 | 100 |
| 0.95 | 50 | 85 | 99 | 87 | 92 | 92 | 93 | 79 | 79 | 100 |
| 0.95 | 100 | 84 | 97 | 89 | 89 | 91 | 89 | 82 | 81 | 100 |
| 0.95 | 200 | 93 | 95 | 93 | 91 | 93 | 94 | 91 | 89 | 100 |
| 0.95 | 1000 | 93 | 95 | 94 | 92 | 93 | 93 | 93 | 93 | 99 |
| 0.99 | 5 | 23 | 100 | 13 | 4 | 4 | 4 | 0 | 0 | 85 |
| 0.99 | 20 | 40 | 100 | 33 | 17 | 17 | 17 | 3 | 3 | 99 |
| 0.99 | 50 | 58 | 98 | 52 | 41 | 41 | 41 | 19 | 19 | 100 |
| 0.99 | 100 | 63 | 98 | 63 | 57 | 55 | 57 | 37 | 37 | 100 |
| 0.99 | 200 | 79 | 98 | 83 | 87 | 86 | 87 | 70 | 69 | 100 |
| 0.99 | 1000 | 92 | 98 | 94 | 93 | 95 | 94 | 85 | 85 | 99 |

Those of accuracies and of their differences come from counts and hold from the first row on (exactly counted in
`tests/train/statistics/test_proportion.py`: 95 to 99 and 93 to 99.9). The others are percentiles of resamples, which
know only the kinds of rows that are there: they cover about 90 or more where `NEEDS` is met, and too little elsewhere.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from headstart.cache.task import Task
from headstart.train.metrics.probabilities import Labels, belongs
from headstart.train.metrics.scores import metric_names


class Needs(NamedTuple):
    """Rows that an interval needs: in all, decided wrongly, and of the rarest class that occurs."""

    rows: int
    wrong: int
    of_class: int


NEEDS = {
    "accuracy": Needs(1, 0, 0),
    "subset_accuracy": Needs(1, 0, 0),
    "ece": Needs(10, 0, 0),
    "loss": Needs(20, 10, 0),
    "brier": Needs(20, 10, 0),
    "f1": Needs(20, 10, 10),
    "macro_f1": Needs(20, 10, 10),
    "balanced_accuracy": Needs(20, 10, 10),
    "roc_auc": Needs(40, 20, 20),
    "average_precision": Needs(40, 20, 20),
}


def unbelievable(task: Task, labels: Labels, right: Bool[np.ndarray, "s n"]) -> list[str]:
    """Metrics of a head whose intervals are too narrow for so few rows.

    Args:
        task: Kind and classes.
        labels: Labels of the test rows.
        right: Whether each seed decides each row rightly; multilabel: in every label.
    """
    counts = belongs(task, labels).sum(axis=0)
    rarest = int(counts[counts > 0].min(initial=len(labels)))
    there = len(labels), float((~right).sum(axis=1).mean()), rarest
    return [
        name
        for name in metric_names(task)
        if any(have < need for have, need in zip(there, NEEDS[name], strict=True))
    ]


def few_rows_note(metrics: Mapping[str, list[str]]) -> list[str]:
    """A sentence about intervals that are too narrow, from these metrics of each head; none where there are none."""
    heads: dict[str, list[str]] = {}
    for head, names in metrics.items():
        for name in names:
            heads.setdefault(name, []).append(head)
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, of in heads.items():
        groups.setdefault(tuple(of), []).append(name)
    parts = [
        f"{', '.join(names)} ({'all' if len(of) == len(metrics) else ', '.join(of)})"
        for of, names in groups.items()
    ]
    return [
        f"Too few wrong rows, or rows of a class, to believe the intervals of: {'; '.join(parts)}."
    ] * bool(parts)
