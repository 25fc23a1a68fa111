import csv
import io
import json
import math

import numpy as np
import pytest

from headstart.cache.task import BINARY, Task
from headstart.train.results.result import Result, by_head, metrics_of, to_csv, to_json

RUNS = [
    Result("majority", 0, 0, 0, 0, 0.7, 0.5, 0.69, 0.52, 0.0),
    Result("gru", 0, 1234, 9, 4, 0.4, 0.80, 0.42, 0.79, 3.0),
    Result("gru", 1, 1234, 12, 7, 0.2, 0.84, 0.38, 0.81, 5.0),
]


def test_csv_is_read_back_to_the_last_digit() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(RUNS))))
    assert tuple(rows[0]) == Result._fields
    assert [float(row["test_loss"]) for row in rows] == [run.test_loss for run in RUNS]


def test_means_over_seeds() -> None:
    majority, gru = by_head(RUNS)
    assert majority == RUNS[0]._replace(seed=1)
    assert (gru.seed, gru.epochs, gru.best_epoch) == (2, 10.5, 5.5)
    assert gru.test_accuracy == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("task", "labels", "logits", "loss", "accuracy"),
    [
        (BINARY, [1, 0], [[0.0], [0.0]], math.log(2), 0.5),
        (
            Task("multiclass", ("a", "b", "c")),
            [2, 0],
            [[0.0, 0.0, 9.0], [0.0, 0.0, 0.0]],
            math.log(3) / 2,
            1.0,
        ),
        (Task("multilabel", ("a", "b")), [[1, 0]], [[0.0, 0.0]], math.log(2), 0.5),
    ],
)
def test_metrics_by_hand(task, labels, logits, loss, accuracy) -> None:
    found = metrics_of(task, np.array(labels, np.int32), np.array(logits, np.float32))
    assert found == pytest.approx((loss, accuracy), abs=2e-4)


def test_losses_that_are_no_numbers_are_null_in_json() -> None:
    text = to_json({"a": [1.5, float("nan")], "b": {"c": float("inf")}})
    assert json.loads(text) == {"a": [1.5, None], "b": {"c": None}}
