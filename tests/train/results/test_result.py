import csv
import dataclasses
import io

import numpy as np
import pytest

from headstart.train.results.result import COLUMNS, Result, mean_by_head, mean_of, spread_over_folds, to_csv

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


FOLDS = [
    Result("gru", seed, 9, 4 + fold, 2, 0.5, 0.8, 0.4 + 0.1 * fold, accuracy, 2.0, fold)
    for fold, accuracies in ((1, (0.7, 0.9)), (2, (0.5, 0.7)), (3, (0.9, 0.9)))
    for seed, accuracy in enumerate(accuracies)
]


def test_means_over_seeds_and_folds_by_hand() -> None:
    accuracy = spread_over_folds(FOLDS)["gru"]["test_accuracy"]
    assert accuracy.folds == pytest.approx([0.8, 0.6, 0.9])
    assert accuracy.mean == pytest.approx(2.3 / 3)
    assert accuracy.sd == pytest.approx(np.std([0.8, 0.6, 0.9], ddof=1))
    (row,) = mean_by_head(FOLDS)
    assert (row.seed, row.epochs, row.fold) == (2, 6, None)
    assert row.train_seconds == 6.0  # all three folds' seconds, of a seed
    assert mean_of(FOLDS, "train_seconds") == 2.0
    assert [row["fold"] for row in csv.DictReader(io.StringIO(to_csv(FOLDS)))] == list("112233")


def test_a_head_that_diverged_in_one_fold_has_no_spread() -> None:
    diverged = [dataclasses.replace(FOLDS[0], test_loss=float("inf")), *FOLDS[1:]]
    spread = spread_over_folds(diverged)["gru"]
    assert np.isnan(spread["test_loss"].sd)
    assert np.isfinite(spread["test_accuracy"].sd)
