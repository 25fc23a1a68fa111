import numpy as np
import pytest
from scipy.special import bdtr
from scipy.stats import binom, binomtest, multinomial

from headstart.train.statistics.proportion import accuracy_interval, clopper_pearson, difference_interval


def rows(right, wrong, decisions=1):
    """Decisions `[d, n]` about rows of which some are right and some wrong, alike in all decisions."""
    return np.repeat([True, False], [right, wrong])[None].repeat(decisions, axis=0)


@pytest.mark.parametrize(
    ("right", "wrong", "low", "high"),
    [(20, 0, 0.832, 1), (1, 0, 0.025, 1), (0, 15, 0, 0.218), (19, 1, 0.751, 0.999)],
)
def test_few_rows_by_the_table(right, wrong, low, high):
    assert accuracy_interval(rows(right, wrong)) == pytest.approx((low, high), abs=5e-4)


@pytest.mark.parametrize("total", [1, 2, 7, 45])
def test_it_is_scipys_exact_interval(total):
    for count in range(total + 1):
        expected = binomtest(count, total).proportion_ci(method="exact")
        wilson = binomtest(count, total).proportion_ci(method="wilson")
        low, high = accuracy_interval(rows(count, total - count))
        assert (low, high) == pytest.approx(expected)
        assert high - low >= wilson.high - wilson.low


@pytest.mark.parametrize("total", [5, 6, 8, 11, 20, 60, 100, 382, 1000, 3245])
def test_it_covers_every_share(total):
    counts = np.arange(total + 1)
    low, high = np.array([clopper_pearson(count, total) for count in range(total + 1)]).T
    for share in [*np.linspace(0.5, 1, 101), 0.999, 0.9999]:
        inside = (low <= share) & (share <= high)
        assert binom.pmf(counts[inside], total, share).sum() >= 0.949, share


@pytest.mark.parametrize("decisions", [2, 5])
def test_decisions_that_always_agree_are_worth_one(decisions):
    for right, wrong in ((20, 0), (13, 4), (0, 3), (90, 1)):
        assert accuracy_interval(rows(right, wrong, decisions)) == accuracy_interval(rows(right, wrong))


def test_decisions_that_do_not_are_worth_more_but_not_more_than_they_are():
    free = np.random.default_rng(0).random((5, 400)) < 0.8
    low, high = accuracy_interval(free)
    one = accuracy_interval(free[:1])
    most = clopper_pearson(int(free.sum()), free.size)
    assert one[1] - one[0] > 2 * (high - low)
    assert most[1] - most[0] == pytest.approx(high - low, rel=0.1)
    assert high - low >= most[1] - most[0]


@pytest.mark.parametrize(("total", "decisions"), [(5, 3), (20, 3), (60, 5)])
@pytest.mark.parametrize("shared", [0.0, 0.5, 1.0])
def test_several_decisions_cover(total, decisions, shared):
    """A row's decisions are one coin for some rows, and a coin each for the others."""
    random = np.random.default_rng(0)
    for share in (0.6, 0.9):
        held = []
        for _ in range(300):
            coins = random.random((decisions, total)) < share
            alike = random.random(total) < shared
            coins[:, alike] = coins[0, alike]
            low, high = accuracy_interval(coins)
            held.append(low <= share <= high)
        assert np.mean(held) >= 0.93


def answers(only_a, only_b, total):
    """Who is right on each row."""
    rest = total - only_a - only_b
    return tuple(
        np.repeat([one, other, 1.0], [only_a, only_b, rest]) for one, other in ((1.0, 0.0), (0.0, 1.0))
    )


@pytest.mark.parametrize("total", [5, 10, 20, 30])
def test_the_difference_of_two_heads_covers_what_it_may_be(total):
    cells = [(a, b) for a in range(total + 1) for b in range(total + 1 - a)]
    low, high = np.array([difference_interval(*answers(a, b, total), paired=True) for a, b in cells]).T
    table = [(a, b, total - a - b) for a, b in cells]
    for either in (0.005, 0.05, 0.2, 0.4, 0.8):
        for first in (0.0, 0.25, 0.5):
            a, b = either * (1 - first), either * first
            inside = (low <= a - b) & (a - b <= high)
            assert multinomial.pmf(table, total, [a, b, 1 - a - b])[inside].sum() >= 0.93, (either, first)


@pytest.mark.parametrize(("first", "second"), [(5, 5), (10, 20), (25, 20)])
def test_the_difference_on_other_rows_covers_too(first, second):
    ends = np.array(
        [
            [
                difference_interval((np.arange(first) < x) * 1.0, (np.arange(second) < y) * 1.0, paired=False)
                for y in range(second + 1)
            ]
            for x in range(first + 1)
        ]
    )
    for a in (0.5, 0.7, 0.9, 1.0):
        for b in (0.5, 0.8, 0.95):
            inside = (ends[..., 0] <= a - b) & (a - b <= ends[..., 1])
            chances = np.outer(binom.pmf(range(first + 1), first, a), binom.pmf(range(second + 1), second, b))
            assert chances[inside].sum() >= 0.93, (a, b)


@pytest.mark.parametrize("total", [6, 9, 20, 35])
def test_a_difference_that_mcnemars_test_finds_is_not_around_0(total):
    for a in range(total + 1):
        for b in range(min(a, total - a)):
            if 2 * bdtr(b, a + b, 0.5) <= 0.05:
                assert difference_interval(*answers(a, b, total), paired=True)[0] > 0, (a, b)


def test_the_difference_lies_inside():
    for a, b, total in ((1, 0, 1), (5, 0, 5), (0, 0, 20), (3, 9, 12), (100, 0, 100)):
        low, high = difference_interval(*answers(a, b, total), paired=True)
        assert -1 <= low <= (a - b) / total <= high <= 1
        assert low < high
