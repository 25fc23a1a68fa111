import numpy as np
import pytest
from sklearn.metrics import f1_score

from headstart.cache.task import BINARY, Task
from headstart.train.metrics.probabilities import best_threshold, choose_thresholds


@pytest.mark.parametrize("seed", range(20))
def test_no_other_threshold_has_a_higher_f1(seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, 25)
    labels[0] = 1
    shares = np.round(rng.random(25), 1 + seed % 2)  # with ties
    threshold = best_threshold(labels, shares)
    f1 = f1_score(labels, shares > threshold, zero_division=0)
    others = [
        2 * (labels & (shares > t)).sum() / (labels.sum() + (shares > t).sum())
        for t in np.linspace(0, 1, 1001)
    ]
    assert f1 == pytest.approx(max(others))
    assert 0 <= threshold < 1


@pytest.mark.parametrize(
    ("labels", "shares", "expected"),
    [
        ([0, 1, 1], [0.1, 0.3, 0.9], 0.2),
        ([0, 0], [0.1, 0.3], 0.5),  # nothing to find
        ([1, 0], [0.0, 0.0], 0.5),  # no threshold in [0, 1) finds it
        ([1, 1], [0.4, 0.4], 0.2),
        ([1, 0, 0, 1], [0.9, 0.8, 0.3, 0.2], 0.85),  # 2/3 at 0.85 and at 0.1: the nearer to 0.5
    ],
)
def test_by_hand(labels, shares, expected):
    assert best_threshold(np.array(labels), np.array(shares)) == pytest.approx(expected)


def test_neighbouring_floats_are_told_apart():
    low = 0.3
    high = np.nextafter(low, 1)
    threshold = best_threshold(np.array([0, 1]), np.array([low, high]))
    assert (np.array([low, high]) > threshold).tolist() == [False, True]


def test_one_for_all_seeds_one_for_each_label_none_for_classes():
    rng = np.random.default_rng(0)
    shares, labels = rng.random((3, 20, 2)), rng.integers(0, 2, (20, 2))
    several = choose_thresholds(Task("multilabel", ("x", "y")), labels, shares)
    for k in range(2):
        pooled = best_threshold(np.concatenate([labels[:, k]] * 3), np.concatenate(list(shares[..., k])))
        assert several[k] == pooled
    assert choose_thresholds(BINARY, labels[:, 1], shares[..., 1:]) == several[1]
    assert choose_thresholds(Task("multiclass", ("x", "y")), labels[:, 0], shares) is None
