import numpy as np
import pytest
from scipy.stats import binomtest

from train.statistics.bootstrap import draw
from train.statistics.pairs import Judged, compare_pairs


def judged(name, right):
    """A head from which rows each seed has right, `[s, n]`."""
    right = np.array(right, bool)
    draws = right.mean(axis=0) @ draw(right.shape[1], 500, [0]) / right.shape[1]
    return Judged(name, right, draws.astype(np.float32))


def flipped(right, rows):
    """The same head with some rows answered the other way."""
    other = right.copy()
    other[..., rows] = ~other[..., rows]
    return other


def test_one_seed_each_is_mcnemars_test():
    rng = np.random.default_rng(0)
    a, b = rng.random((1, 90)) < 0.8, rng.random((1, 90)) < 0.6
    (pair,) = compare_pairs([judged("a", a), judged("b", b)])
    only_a, only_b = int((a & ~b).sum()), int((~a & b).sum())
    assert (pair["only_a"], pair["only_b"]) == (only_a, only_b)
    assert pair["p"] == pair["p_holm"] == pytest.approx(binomtest(only_a, only_a + only_b).pvalue)
    assert pair["difference"] == pytest.approx(a.mean() - b.mean())
    assert pair["low"] < pair["difference"] < pair["high"]
    assert pair["p_seeds"] is None
    assert pair["differs"] == (pair["p"] <= 0.05)


def test_the_middle_seed_counts():
    right = np.ones((1, 100), bool)
    seeds = np.concatenate([flipped(right, range(n)) for n in (0, 12, 30)])
    (pair,) = compare_pairs([judged("a", right), judged("b", seeds)])
    assert (pair["only_a"], pair["only_b"]) == (12, 0)
    assert pair["p"] == pytest.approx(1.5 * 2 * 0.5**12)
    assert pair["difference"] == pytest.approx(0.14)
    # three seeds at 100, 88 and 70 % do not show that another seed would be worse than a
    assert pair["p_seeds"] > 0.05
    assert not pair["differs"]


def test_seeds_that_agree_show_a_difference():
    right = np.ones((3, 100), bool)
    (pair,) = compare_pairs([judged("a", right), judged("b", flipped(right, range(15)))])
    assert pair["differs"]
    assert pair["p_holm"] == max(pair["p"], pair["p_seeds"])


def test_a_test_against_the_means_shows_nothing():
    # the middle seed of b is better than a, the mean over its seeds is worse
    right = flipped(np.ones((1, 1000), bool), range(50))
    good = np.ones((1, 1000), bool)
    seeds = np.concatenate([good, good, flipped(good, range(200))])
    (pair,) = compare_pairs([judged("a", right), judged("b", seeds)])
    assert pair["only_b"] == 50
    assert pair["p"] < 1e-6
    assert pair["difference"] > 0
    assert not pair["differs"]


def test_more_pairs_need_smaller_p_values():
    right = np.ones((1, 100), bool)
    worse = flipped(right, range(7))
    assert compare_pairs([judged("a", right), judged("b", worse)])[0]["differs"]
    pairs = compare_pairs(
        [judged("a", right), judged("b", worse), *(judged(f"c{i}", right) for i in range(8))]
    )
    assert len(pairs) == 45
    assert not any(pair["differs"] for pair in pairs)


def test_equal_heads_have_nothing_between_them():
    right = np.random.default_rng(0).random((2, 40)) < 0.7
    (pair,) = compare_pairs([judged("a", right), judged("b", right)])
    assert (pair["p"], pair["difference"], pair["low"], pair["high"]) == (1, 0, 0, 0)
    assert not pair["differs"]


def test_a_single_head_has_no_pairs():
    assert compare_pairs([judged("a", np.ones((1, 3)))]) == []
