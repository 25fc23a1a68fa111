import csv
import io
import json
import math

import pytest

from train.results import Result, accuracy_error, by_head, table, to_csv, to_json

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


def test_the_standard_error_is_the_binomial_one() -> None:
    assert accuracy_error(RUNS, "gru", 382) == pytest.approx(math.sqrt(0.8 * 0.2 / 382))


def test_the_table_says_how_far_to_trust_it() -> None:
    lines = table(RUNS, 382).splitlines()
    assert " ".join(lines[2].split()) == "gru 1,234 10.5 5.5 0.3000 0.8200 0.4000 0.8000 4.0"
    assert lines[3] == "standard error of a test accuracy: up to 0.026 (382 test rows)"
    assert lines[4] == "means over 2 seeds"
    assert len({len(line) for line in lines[:3]}) == 1


def test_losses_that_are_no_numbers_are_null_in_json() -> None:
    text = to_json({"a": [1.5, float("nan")], "b": {"c": float("inf")}})
    assert json.loads(text) == {"a": [1.5, None], "b": {"c": None}}
