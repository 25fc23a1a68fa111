import csv
import dataclasses
import io

import numpy as np
import pytest

from headstart.train.results.result import COLUMNS, Result, mean_by_head, spread_over_folds, to_csv

RUNS = [
    Result("majority", 0, 0, 0, 0, 0.7, 0.5, 0.69, 0.52, 0.0),
    Result("gru", 0, 1234, 9, 4, 0.4, 0.80, 0.42, 0.79, 3.0),
    Result("gru", 1, 1234, 12, 7, 0.2, 0.84, 0.38, 0.81, 5.0),
]


def test_csv_is_read_back_to_the_last_digit() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(RUNS))))
    assert tuple(rows[0]) == COLUMNS[:-1]
    assert [float(row["test_loss"]) for row in rows] == [run.test_loss for run in RUNS]


def test_means_over_seeds() -> None:
    majority, gru = mean_by_head(RUNS)
    assert majority == dataclasses.replace(RUNS[0], seed=1)
    assert (gru.seed, gru.epochs, gru.best_epoch) == (2, 10.5, 5.5)
    assert gru.test_accuracy == pytest.approx(0.8)


def test_seconds_of_folds_add_up_and_measures_spread() -> None:
    runs = [
        Result("gru", seed, 9, 5, 3, 0.5, 0.8, 0.5, accuracy, 2.0, fold)
        for (fold, seed), accuracy in {(1, 0): 0.7, (1, 1): 0.8, (2, 0): 0.9, (2, 1): 0.9}.items()
    ]
    (mean,) = mean_by_head(runs)
    assert (mean.seed, mean.train_seconds, mean.fold) == (2, 4.0, None)
    spread = spread_over_folds(runs)["gru"]["test_accuracy"]
    assert spread.folds == pytest.approx([0.75, 0.9])
    assert (spread.mean, spread.sd) == pytest.approx((0.825, np.std([0.75, 0.9], ddof=1)))
    assert [row["fold"] for row in csv.DictReader(io.StringIO(to_csv(runs)))] == list("1122")
