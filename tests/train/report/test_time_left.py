import numpy as np
import pytest

from headstart.train.engine.history import EpochRecord, HeadSeed, TrainingProgress
from headstart.train.report.time_left import epochs_left, parameters, time_left


def history(*losses):
    return tuple(EpochRecord(n, 0.5, 0.5, loss, 0.5, 1e-3, False) for n, loss in enumerate(losses, start=1))


@pytest.mark.parametrize(
    ("losses", "left"),
    [
        ((1.0,), 5 * 1.2),  # as many as the rule waits for, and as many as there were
        ((1.0, 0.9, 0.8, 0.7, 0.6), 10.0),
        ((1.0, 0.9, 0.8, 0.9, 0.9), 6.0),
        ((1.0, 1.1, 1.1, 1.1, 1.1), 2.0),
        ((1.0, 1.1, 1.1, 1.1, 1.1, 1.1), 0.0),  # it has stopped
        ((float("nan"), float("nan")), 4 * 1.4),
    ],
)
def test_a_head_that_waits_for_an_improvement_has_fewer_epochs_left(losses, left):
    assert epochs_left(history(*losses)) == pytest.approx(left)


def progress(seconds, **histories):
    best = {
        "gru": {"kernel": np.zeros((1, 30, 30))},
        "cls": {"kernel": np.zeros((1, 10)), "bias": np.zeros((1, 90))},
    }
    keys = {HeadSeed(name, 0): losses for name, losses in histories.items()}
    return TrainingProgress({}, best, keys, seconds), list(keys)


def test_a_large_head_counts_for_its_parameters():
    now, active = progress((9.0, 2.0), gru=history(1.0, 1.1), cls=history(1.0, 0.5))
    assert [parameters(now, name) for name in ("gru", "cls", "none")] == [900, 100, 1]
    usual = 0.9 * 4 * 1.4 + 0.1 * 5 * 1.4
    assert time_left(50, now, active) == pytest.approx((2 * usual, 96.0))


def test_nobody_trains_beyond_the_last_epoch():
    now, active = progress((1.0,) * 48, gru=history(*np.linspace(1, 0, 48)))
    assert time_left(50, now, active) == (2.0, 2.0)
    assert time_left(48, now, active) == (0.0, 0.0)


def test_a_head_that_has_just_stopped_takes_no_time():
    now, active = progress((1.0,) * 6, gru=history(1, 2, 2, 2, 2, 2), cls=history(1, 2, 2, 2, 2, 2))
    assert time_left(50, now, active).usual == 0
