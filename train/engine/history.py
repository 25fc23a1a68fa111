"""What happened in each epoch, and what the two rules make of it."""

from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

from headstart.train.engine.settings import FitSettings
from headstart.train.engine.sums import Metrics
from headstart.train.plateau import PlateauState
from headstart.train.stopping import StoppingState


class EpochRecord(NamedTuple):
    """What happened in an epoch, as plain numbers.

    Attributes:
        epoch: counted from 1.
        loss: mean over the steps' rows, as the changing parameters saw them.
        accuracy: likewise.
        valid_loss: mean over all validation rows after the last step.
        valid_accuracy: likewise.
        learning_rate: the epoch ran at it.
        lr_cut: the rate was cut after the epoch.
    """

    epoch: int
    loss: float
    accuracy: float
    valid_loss: float
    valid_accuracy: float
    learning_rate: float
    lr_cut: bool


History = tuple[EpochRecord, ...]


class Judgement(NamedTuple):
    """Where the two rules stand after some epochs."""

    plateau: PlateauState
    stopping: StoppingState


def judge(history: Sequence[EpochRecord], rate: float, settings: FitSettings) -> Judgement:
    """Put the validation losses so far through both rules; a history is all that they need to be resumed.

    Args:
        history: of one head and seed.
        rate: the head's learning rate before any cut.
        settings: hold the rules.
    """
    losses = [record.valid_loss for record in history]
    plateau = reduce(settings.plateau.update, losses, settings.plateau.init(rate))
    return Judgement(plateau, reduce(settings.stopping.update, losses, settings.stopping.init()))


def goes_on(history: Sequence[EpochRecord], rate: float, settings: FitSettings) -> bool:
    """Another epoch follows."""
    return len(history) < settings.epochs and not judge(history, rate, settings).stopping.should_stop


def is_best(history: Sequence[EpochRecord], rate: float, settings: FitSettings) -> bool:
    """The last epoch's parameters are the ones to keep so far."""
    return judge(history, rate, settings).stopping.improved


def longer(
    history: History, learnt: Metrics, checked: Metrics, rate: float, settings: FitSettings
) -> History:
    """The history with one more epoch."""
    lr = judge(history, rate, settings).plateau.lr
    record = EpochRecord(len(history) + 1, *learnt, *checked, learning_rate=lr, lr_cut=False)
    cut = judge([*history, record], rate, settings).plateau.lr < lr
    return (*history, record._replace(lr_cut=cut))
