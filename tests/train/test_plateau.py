import math
from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.train.plateau import ReduceLROnPlateau

NAN, INF = math.nan, math.inf
LOSSES = st.lists(st.floats(0, 1) | st.sampled_from([NAN, INF, 0.5]), max_size=40)
RULES = st.builds(
    ReduceLROnPlateau,
    factor=st.floats(0.05, 0.95),
    patience=st.integers(0, 5),
    min_delta=st.sampled_from([0, 1e-4, 0.1]),
    min_lr=st.sampled_from([0, 1e-8, 1e-3]),
    cooldown=st.integers(0, 4),
)


def states(rule, lr, losses):
    """The state before the first epoch and after each."""
    return list(accumulate(losses, rule.update, initial=rule.init(lr)))


def cut_epochs(rule, lr, losses):
    rates = [state.lr for state in states(rule, lr, losses)]
    return [epoch for epoch in range(1, len(rates)) if rates[epoch] < rates[epoch - 1]]


@pytest.mark.parametrize(
    ("rule", "losses", "cuts"),
    [
        # patience 2: cut after the second epoch without improvement, again and again
        ({"patience": 2, "cooldown": 0}, [5, 5, 5, 5, 5], [3, 5]),
        ({"patience": 2, "cooldown": 0}, [5, 4, 3, 2, 1], []),
        # an improvement in between begins the wait anew
        ({"patience": 2, "cooldown": 0}, [5, 5, 4, 4, 4], [5]),
        # cooldown 1 ends in the epoch after the cut, which counts already
        ({"patience": 2, "cooldown": 1}, [5, 5, 5, 5, 5, 5, 5], [3, 5, 7]),
        # cooldown 2 holds one epoch back, cooldown 3 two
        ({"patience": 2, "cooldown": 2}, [5, 5, 5, 5, 5, 5, 5, 5, 5], [3, 6, 9]),
        ({"patience": 2, "cooldown": 3}, [5, 5, 5, 5, 5, 5, 5, 5, 5], [3, 7]),
        # patience 1 and cooldown 3: cut, 2 epochs held back, cut
        ({"patience": 1, "cooldown": 3}, [5, 5, 5, 5, 5, 5], [2, 5]),
        # an improvement during the cooldown counts as the new best
        ({"patience": 2, "cooldown": 3}, [5, 5, 5, 3, 5, 5, 4], [3, 7]),
        # a gain of less than min_delta is none, and does not move the best
        ({"patience": 2, "cooldown": 0, "min_delta": 1}, [5, 4.5, 3.9, 3.5, 3.0], [5]),
        ({"patience": 3, "cooldown": 0, "min_delta": 1}, [5, 4.5, 4.2, 3.9, 3.0], []),
        # NaN improves nothing, and what follows is compared with the best before it
        ({"patience": 2, "cooldown": 0}, [5, NAN, NAN, 4, 4], [3]),
        # but a first loss is the best so far whatever it is, and nothing is less than NaN
        ({"patience": 2, "cooldown": 0}, [NAN, 5, 4, 3, 2], [3, 5]),
        ({"patience": 2, "cooldown": 0}, [INF, INF, 5, 6, 6], [5]),
        # patience 0 cuts like patience 1
        ({"patience": 0, "cooldown": 0}, [5, 4, 4, 3, 3], [3, 5]),
    ],
)
def test_cuts_by_hand(rule, losses, cuts):
    assert cut_epochs(ReduceLROnPlateau(**rule), 1.0, losses) == cuts


def test_replays_every_logged_run(notebook_runs):
    assert len(notebook_runs) == 10
    for name, run in notebook_runs.items():
        cuts = cut_epochs(ReduceLROnPlateau(), run["lr"], run["val_loss"])
        assert cuts == run["lr_reduced_after_epoch"], name


def test_defaults_are_the_notebooks():
    assert ReduceLROnPlateau() == ReduceLROnPlateau(0.1, 3, 1e-4, 1e-8, 1)


def test_rates_stop_at_the_floor():
    rule = ReduceLROnPlateau(factor=0.1, patience=1, min_lr=0.03, cooldown=0)
    assert [state.lr for state in states(rule, 1.0, [5] * 5)] == pytest.approx([1, 1, 0.1, 0.03, 0.03, 0.03])


def test_a_rate_below_the_floor_stays():
    rule = ReduceLROnPlateau(patience=1, min_lr=0.03)
    assert states(rule, 0.01, [5] * 4)[-1].lr == 0.01


def test_any_number_will_do():
    rule = ReduceLROnPlateau(patience=1)
    expected = rule.update(rule.init(0.5), 0.25)
    assert rule.update(rule.init(np.float32(0.5)), np.float32(0.25)) == expected


@pytest.mark.parametrize("factor", [0.0, 1.0, 1.5, NAN])
def test_a_factor_that_cuts_nothing_is_refused(factor):
    with pytest.raises(ValueError, match="between 0 and 1"):
        ReduceLROnPlateau(factor=factor)


@given(RULES, st.floats(1e-3, 1), LOSSES)
def test_the_rate_only_falls_and_never_below_the_floor(rule, lr, losses):
    rates = [state.lr for state in states(rule, lr, losses)]
    assert all(after <= before for before, after in pairwise(rates))
    assert min(rates) >= rule.min_lr


@given(RULES, LOSSES)
def test_cuts_are_at_least_patience_and_cooldown_apart(rule, losses):
    cuts = cut_epochs(rule, 1.0, losses)
    apart = max(rule.patience, 1) + max(rule.cooldown - 1, 0)
    assert all(later - earlier >= apart for earlier, later in pairwise(cuts))


@given(RULES, LOSSES)
def test_best_is_never_above_a_loss_by_more_than_min_delta(rule, losses):
    best = states(rule, 1.0, losses)[-1].best
    if not losses or math.isnan(losses[0]):
        assert best is None or math.isnan(best)
        return
    seen = [loss for loss in losses if not math.isnan(loss)]
    assert best <= min(seen) + rule.min_delta + 1e-6  # compared in float32
    assert best in seen


@given(RULES, LOSSES, LOSSES)
def test_a_state_is_all_that_a_rule_remembers(rule, earlier, later):
    middle = states(rule, 1.0, earlier)[-1]
    resumed = list(accumulate(later, rule.update, initial=middle))
    assert resumed == states(rule, 1.0, earlier + later)[len(earlier) :]
