"""A head without the seeds that diverged."""

import numpy as np
import pytest

from headstart.cache.task import BINARY, Task
from headstart.train.metrics.probabilities import choose_thresholds, probabilities_of
from headstart.train.metrics.scores import metric_names, scorer
from headstart.train.statistics.entrant import SplitAnswers, all_right, enter

RANDOM = np.random.default_rng(0)
LABELS = {"valid": np.arange(20) % 2, "test": np.arange(30) % 2}
LOGITS = {name: RANDOM.normal(size=(3, len(labels), 1)) for name, labels in LABELS.items()}


def answers(split: str, *, lost: int | None = None) -> SplitAnswers:
    logits = LOGITS[split].copy()
    if lost is not None:
        logits[lost, 4] = np.nan
    return SplitAnswers(LABELS[split], {"gru": logits})


@pytest.mark.parametrize("split", ["valid", "test"])
def test_a_seed_with_a_nan_in_either_split_is_left_out(split: str) -> None:
    valid, test = (answers(name, lost=1 if name == split else None) for name in LABELS)
    entrant = enter(BINARY, "gru", valid, test)
    assert (entrant.finite, entrant.lost_seeds, entrant.diverged) == ([True, False, True], [1], False)
    kept = probabilities_of(BINARY, LOGITS["valid"][[0, 2]])
    assert entrant.threshold == choose_thresholds(BINARY, LABELS["valid"], kept)
    np.testing.assert_array_equal(entrant.probabilities, probabilities_of(BINARY, LOGITS["test"][[0, 2]]))
    np.testing.assert_allclose(entrant.mean_probabilities, entrant.probabilities.mean(axis=0))


def test_values_are_the_mean_of_the_seeds_metrics() -> None:
    entrant = enter(BINARY, "gru", answers("valid"), answers("test"))
    weights = np.random.default_rng(1).integers(0, 3, (30, 4)).astype(np.float64)
    seeds = [scorer(BINARY, LABELS["test"], LOGITS["test"][seed], entrant.threshold) for seed in range(3)]
    np.testing.assert_allclose(entrant.values(weights), np.mean([seed(weights) for seed in seeds], axis=0))
    np.testing.assert_allclose(entrant.by_seed(), [seed(np.ones((30, 1)))[:, 0] for seed in seeds])
    assert entrant.by_seed().shape == (3, len(metric_names(BINARY)))


def test_a_head_without_any_answer() -> None:
    nothing = SplitAnswers(LABELS["test"], {"gru": np.full((2, 30, 1), np.nan)})
    entrant = enter(BINARY, "gru", nothing, nothing)
    assert (entrant.diverged, entrant.threshold, entrant.scorers) == (True, None, [])


def test_rows_of_several_labels_are_right_in_all_of_them() -> None:
    task = Task("multilabel", ("x", "y"))
    labels = np.array([[1, 0], [1, 1]])
    probabilities = np.array([[[0.9, 0.2], [0.9, 0.2]], [[0.4, 0.2], [0.6, 0.7]]])
    assert all_right(task, labels, probabilities).tolist() == [[True, False], [False, True]]
    three = Task("multiclass", ("x", "y", "z"))
    assert all_right(three, np.array([2, 0]), np.eye(3)[[2, 1]]).tolist() == [True, False]
