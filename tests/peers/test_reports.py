"""What the comparisons compute from their measurements; the measuring itself is left to `make peers`."""

import math
import statistics
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent))  # at the end: its heads.py must not hide the package

from accuracy import accuracy_rows, difference_error
from markdown import table
from our_run import read_results
from race import smallest_cosine
from trainers import Costs


def results(**more: object) -> dict[str, object]:
    rows = [
        ("majority", 0, 0, 0.5, 0.0),
        ("gru", 0, 4, 0.8, 8.0),
        ("gru", 1, 5, 0.9, 9.0),
        ("avg", 0, 10, 0.7, 5.0),
        ("avg", 1, 10, 0.6, 5.0),
    ]
    names = ("head", "seed", "epochs", "test_accuracy", "train_seconds")
    return {"results": [dict(zip(names, row, strict=True)) for row in rows], **more}


def test_heads_trained_one_after_another_have_a_time_each() -> None:
    run = read_results(results(), seconds=30.0)
    assert run.per_head == {"gru": 2.0, "avg": 0.5}
    assert run.together == 2.5
    assert run.compile is None
    assert run.epochs == {"gru": 4, "avg": 10}
    assert run.accuracy == {"gru": [0.8, 0.9], "avg": [0.7, 0.6]}


def test_heads_trained_together_have_the_time_of_the_epochs_in_which_none_has_stopped() -> None:
    joint = [3.0, 1.0, 1.0, 2.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]
    run = read_results(results(seconds={"total": 9.0, "compile": 1.5, "epochs": joint}), seconds=30.0)
    assert run.per_head == {}
    assert run.together == 1.5  # the median of the first four
    assert run.compile == 1.5


def test_a_comparison_s_total_counts_every_epoch_of_every_head() -> None:
    costs = Costs(5.0, {"gru": 2.0, "avg": 1.0}, {"gru": 3.0, "avg": 0.5}, {"gru": 4, "avg": 10})
    assert costs.total == 5 + (2 + 4 * 3.0) + (1 + 10 * 0.5)


def test_the_error_of_a_difference_is_that_of_independent_means() -> None:
    random = np.random.default_rng(0)
    draws = random.normal([0.0, 0.0], [1.0, 3.0], (20_000, 8, 2))
    spread = statistics.stdev((draws[..., 0].mean(1) - draws[..., 1].mean(1)).tolist())
    estimates = [difference_error(*draw.T.tolist()) ** 2 for draw in draws[:4000]]
    assert math.sqrt(statistics.fmean(estimates)) == pytest.approx(spread, rel=0.03)


@pytest.mark.parametrize(("shift", "mark"), [(0.0, ""), (0.001, ""), (0.1, "differs")])
def test_only_differences_beyond_chance_are_marked(shift: float, mark: str) -> None:
    keras = {"gru": {str(seed): 0.80 + 0.01 * (seed % 3) for seed in range(10)}}
    ours = {"gru": {seed: value + shift for seed, value in keras["gru"].items()}}
    (row,) = accuracy_rows(ours, keras, ["gru"], 10)
    assert row[-1] == mark
    assert row[3] == f"{shift:+.4f}"


def test_the_smallest_cosine_is_that_of_the_worst_token() -> None:
    random = np.random.default_rng(0)
    wanted = random.standard_normal((5, 7)).astype(np.float32)
    found = 3 * wanted  # a cosine does not see the length
    found[2] = np.roll(found[2], 1)
    slow = min(float(f @ w / np.sqrt((f @ f) * (w @ w))) for f, w in zip(found, wanted, strict=True))
    assert smallest_cosine(found, wanted) == pytest.approx(slow, abs=1e-6)
    assert smallest_cosine(wanted, wanted) == pytest.approx(1)


def test_vectors_of_other_tokens_are_refused() -> None:
    with pytest.raises(ValueError, match="wanted"):
        smallest_cosine(np.ones((3, 2)), np.ones((4, 2)))


def test_a_table_has_its_numbers_on_the_right() -> None:
    assert table(("a", "b"), [("x", "1")]).splitlines() == ["| a | b |", "| --- | ---: |", "| x | 1 |"]
