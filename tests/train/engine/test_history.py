"""What the rules make of a history, by tables that can be checked by hand."""

import pytest

from headstart.train.engine.history import FitResult, HeadSeed, goes_on, is_best, judge, longer
from headstart.train.engine.loss import Metrics
from headstart.train.engine.settings import TrainingSettings
from headstart.train.plateau import ReduceLROnPlateau
from headstart.train.stopping import EarlyStopping

SETTINGS = TrainingSettings(
    epochs=6,
    plateau=ReduceLROnPlateau(factor=0.5, patience=1, min_delta=0, cooldown=0),
    stopping=EarlyStopping(patience=3, min_delta=0),
)
#        loss, rate of the epoch, cut after it, best so far, another follows
TABLE = [
    (0.9, 1.0, False, True, True),
    (0.8, 1.0, False, True, True),
    (0.85, 1.0, True, False, True),
    (0.7, 0.5, False, True, True),
    (0.75, 0.5, True, False, True),
    (0.6, 0.25, False, True, False),  # the sixth of six epochs
]


def history_of(losses, settings=SETTINGS):
    history = ()
    for loss in losses:
        history = longer(history, Metrics(loss + 1, 0.5), Metrics(loss, 0.6), 1.0, settings)
    return history


def test_records_tell_rates_and_cuts():
    history = history_of([row[0] for row in TABLE])
    assert [record.epoch for record in history] == [1, 2, 3, 4, 5, 6]
    assert [record.loss for record in history] == [row[0] + 1 for row in TABLE]
    assert [(r.valid_loss, r.learning_rate, r.lr_cut) for r in history] == [row[:3] for row in TABLE]


@pytest.mark.parametrize("epochs", range(1, 7))
def test_which_epoch_is_best_and_whether_another_follows(epochs):
    history = history_of([row[0] for row in TABLE[:epochs]])
    assert (is_best(history, 1.0, SETTINGS), goes_on(history, 1.0, SETTINGS)) == TABLE[epochs - 1][3:]


def test_the_stopping_rule_ends_training():
    history = history_of([0.5, 0.6, 0.6, 0.6])
    assert not goes_on(history, 1.0, SETTINGS)
    assert judge(history, 1.0, SETTINGS).stopping.best_epoch == 1
    assert goes_on((), 1.0, SETTINGS)


@pytest.mark.parametrize(("loss", "diverged"), [(0.5, False), (float("nan"), True), (float("inf"), True)])
def test_a_run_without_a_finite_loss_has_diverged(loss, diverged):
    assert FitResult((), {}, {}, 1, loss, False, 0.0, 0).diverged == diverged


def test_a_head_and_its_seed_are_a_pair():
    assert HeadSeed("gru", 1) == ("gru", 1)
    assert {HeadSeed("gru", 1): "x"}["gru", 1] == "x"
