import numpy as np
import pytest
from scipy.stats import binomtest

from headstart.train.statistics.pairs import HeadDecisions, compare_pairs


def head(name, right, together=None):
    """A head from which rows each seed has right, `[s, n]`, and the seeds together: the first seed unless said."""
    right = np.array(right, bool)
    return HeadDecisions(name, right[0] if together is None else together[0], right)


def flipped(right, rows):
    """The same head with some rows answered the other way."""
    other = right.copy()
    other[..., rows] = ~other[..., rows]
    return other


def test_one_seed_each_is_mcnemars_test():
    rng = np.random.default_rng(0)
    a, b = rng.random((1, 90)) < 0.8, rng.random((1, 90)) < 0.6
    (pair,) = compare_pairs([head("a", a), head("b", b)])
    only_a, only_b = int((a & ~b).sum()), int((~a & b).sum())
    assert (pair.only_a, pair.only_b) == (only_a, only_b)
    assert pair.p == pair.p_holm == pytest.approx(binomtest(only_a, only_a + only_b).pvalue)
    assert pair.difference == pytest.approx(a.mean() - b.mean())
    assert pair.low < pair.difference < pair.high
    assert pair.p_seeds is None
    assert pair.differs == (pair.p <= 0.05)


def test_seeds_that_disagree_show_no_difference():
    right = np.ones((1, 100), bool)
    seeds = np.concatenate([flipped(right, range(n)) for n in (0, 12, 30)])
    (pair,) = compare_pairs([head("a", right), head("b", seeds, flipped(right, range(12)))])
    assert (pair.only_a, pair.only_b) == (12, 0)
    assert pair.p == pytest.approx(2 * 0.5**12)
    assert pair.difference == pytest.approx(0.14)
    # three seeds at 100, 88 and 70 % do not show that another seed would be worse than a
    assert pair.p_holm == pair.p_seeds > 0.05
    assert not pair.differs


def test_seeds_that_agree_show_a_difference():
    right = np.ones((3, 100), bool)
    (pair,) = compare_pairs([head("a", right), head("b", flipped(right, range(15)))])
    assert pair.differs
    assert pair.p_holm == max(pair.p, pair.p_seeds)


def test_a_test_against_the_means_shows_nothing():
    # together the seeds of b are better than a, each alone is worse
    right = np.ones((1, 1000), bool)
    a = flipped(right, range(50))
    seeds = np.concatenate([flipped(right, range(100 * s, 100 * s + 120)) for s in range(3)])
    (pair,) = compare_pairs([head("a", a), head("b", seeds, right)])
    assert (pair.only_a, pair.only_b) == (0, 50)
    assert pair.difference == pytest.approx(0.07)
    assert pair.p_holm < 1e-6
    assert not pair.differs


def test_more_pairs_need_smaller_p_values():
    right = np.ones((1, 100), bool)
    worse = flipped(right, range(7))
    assert compare_pairs([head("a", right), head("b", worse)])[0].differs
    pairs = compare_pairs([head("a", right), head("b", worse), *(head(f"c{i}", right) for i in range(8))])
    assert len(pairs) == 45
    assert not any(pair.differs for pair in pairs)


@pytest.mark.parametrize(("rows", "most"), [(1, 1.0), (20, 0.16), (40, 0.08), (3245, 0.001)])
def test_heads_that_are_right_on_the_same_rows_may_differ_on_others(rows, most):
    right = np.random.default_rng(0).random((2, rows)) < 0.7
    (pair,) = compare_pairs([head("a", right), head("b", right)])
    assert (pair.p, pair.difference) == (1, 0)
    assert pair.high == -pair.low
    # where a share of rows would be told apart, 97.5 % of samples have one of them
    assert 1 - 0.05 ** (1 / rows) < pair.high + 0.01
    assert 0.8 * most < pair.high <= 1.2 * most
    assert not pair.differs


def test_a_single_head_has_no_pairs():
    assert compare_pairs([head("a", np.ones((1, 3)))]) == []
