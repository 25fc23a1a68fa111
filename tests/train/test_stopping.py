import math
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.train.stopping import EarlyStopping

NAN, INF = math.nan, math.inf
LOSSES = st.lists(st.floats(0, 1) | st.sampled_from([NAN, INF, 0.5]), min_size=1, max_size=40)
RULES = st.builds(EarlyStopping, patience=st.integers(0, 6), min_delta=st.sampled_from([0, 1e-4, 0.1]))


def states(rule, losses):
    """The state after each epoch."""
    return list(accumulate(losses, rule.update, initial=rule.init()))[1:]


def stop_epoch(rule, losses):
    """The first epoch after which training should stop, or None."""
    return next((state.epoch for state in states(rule, losses) if state.should_stop), None)


@pytest.mark.parametrize(
    ("rule", "losses", "stop", "best"),
    [
        # patience 2: two epochs in a row without improvement
        ({"patience": 2}, [5, 4, 3, 2, 1], None, 5),
        ({"patience": 2}, [5, 4, 4, 4], 4, 2),
        ({"patience": 2}, [5, 6, 4, 6, 3], None, 5),
        ({"patience": 2}, [5, 6, 4, 6, 6], 5, 3),
        # a gain of less than min_delta is none, and does not move the best
        ({"patience": 2, "min_delta": 1}, [5, 4.5, 4.2], 3, 1),
        ({"patience": 2, "min_delta": 1}, [5, 4.5, 3.9, 3.5], None, 3),
        # patience 0 and 1 are alike
        ({"patience": 1}, [5, 5], 2, 1),
        ({"patience": 0}, [5, 4, 4], 3, 2),
        # NaN improves nothing: it stops in the end, never after the first epoch
        ({"patience": 0}, [NAN], None, 1),
        ({"patience": 1}, [NAN], None, 1),
        ({"patience": 1}, [NAN, NAN], 2, 1),
        ({"patience": 3}, [NAN, NAN, NAN], None, 1),
        ({"patience": 3}, [NAN, NAN, NAN, NAN], 4, 1),
        ({"patience": 2}, [5, NAN, NAN], 3, 1),
        ({"patience": 2}, [5, NAN, 4, NAN], None, 3),
        # a first loss is the best so far whatever it is, and nothing is less than NaN
        ({"patience": 3}, [NAN, 5, 4, 3], 4, 1),
        ({"patience": 2}, [INF, INF, 5], None, 3),
    ],
)
def test_stops_by_hand(rule, losses, stop, best):
    rule = EarlyStopping(**rule)
    assert stop_epoch(rule, losses) == stop
    assert states(rule, losses)[-1].best_epoch == best


def test_replays_every_logged_run(notebook_runs):
    assert len(notebook_runs) == 10
    for name, run in notebook_runs.items():
        assert stop_epoch(EarlyStopping(), run["val_loss"]) == run["stopped_after_epoch"], name
        assert len(run["val_loss"]) == run["stopped_after_epoch"], name


def test_defaults_are_the_notebooks():
    assert EarlyStopping() == EarlyStopping(5, 1e-4)


def test_before_the_first_epoch():
    start = EarlyStopping().init()
    assert (start.epoch, start.best_epoch, start.should_stop, start.improved) == (0, 0, False, False)


def test_improved_says_it_of_the_last_epoch_only():
    improved = [state.improved for state in states(EarlyStopping(), [5, NAN, 5, 4, INF, 3])]
    assert improved == [True, False, False, True, False, True]


def test_any_number_will_do():
    rule = EarlyStopping()
    assert rule.update(rule.init(), np.float32(0.25)) == rule.update(rule.init(), 0.25)


@given(RULES, LOSSES)
def test_the_best_epoch_is_the_last_that_improved(rule, losses):
    seen = states(rule, losses)
    improvements = [state.epoch for state in seen if state.improved]
    assert improvements[0] == 1
    assert seen[-1].best_epoch == max(improvements)
    np.testing.assert_equal(seen[-1].best, losses[improvements[-1] - 1])


@given(RULES, LOSSES)
def test_stops_exactly_when_patience_epochs_passed_since_the_last_improvement(rule, losses):
    last = 0
    for state in states(rule, losses):
        last = state.epoch if state.improved else last
        overdue = state.epoch - last >= rule.patience and not state.improved
        assert state.should_stop == (overdue and state.epoch > 1)


@given(RULES, LOSSES, LOSSES)
def test_a_state_is_all_that_a_rule_remembers(rule, earlier, later):
    resumed = list(accumulate(later, rule.update, initial=states(rule, earlier)[-1]))[1:]
    assert resumed == states(rule, earlier + later)[len(earlier) :]
