"""What happens in a training run, epoch by epoch, and what the two rules make of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

from jaxtyping import PyTree

from headstart.train.engine.adam import States
from headstart.train.engine.loss import Metrics
from headstart.train.engine.settings import TrainingSettings
from headstart.train.plateau import PlateauState
from headstart.train.stopping import StoppingState


class HeadSeed(NamedTuple):
    """One head with one seed, which is trained beside the others.

    Attributes:
        head: Name of the head.
        seed: Number of the seed, counted from 0.
    """

    head: str
    seed: int


class EpochRecord(NamedTuple):
    """What happened in an epoch, as plain numbers.

    Attributes:
        epoch: Number of the epoch, counted from 1.
        loss: Mean loss over the steps' rows, as the changing parameters saw them.
        accuracy: Mean accuracy, likewise.
        valid_loss: Mean loss over all validation rows after the last step.
        valid_accuracy: Mean accuracy over them.
        learning_rate: Learning rate of the epoch.
        lr_cut: Whether the rate was cut after the epoch.
    """

    epoch: int
    loss: float
    accuracy: float
    valid_loss: float
    valid_accuracy: float
    learning_rate: float
    lr_cut: bool


History = tuple[EpochRecord, ...]


class TrainingProgress(NamedTuple):
    """What one epoch hands to the next.

    Attributes:
        states: State of each head; the first axis of every leaf is the seed.
        best: Parameters of each head's best epoch so far, likewise.
        histories: Records of each head and seed.
        seconds: Wall clock of each epoch, compilation not included.
    """

    states: States
    best: dict[str, PyTree]
    histories: dict[HeadSeed, History]
    seconds: tuple[float, ...]


@dataclass(frozen=True)
class FitResult:
    """What training left of one head and seed.

    Attributes:
        history: One record for each epoch that ran.
        best_params: Parameters after `best_epoch`.
        last_params: Parameters after the last epoch.
        best_epoch: Number of the best epoch, counted from 1.
        best_valid_loss: Loss of that epoch; NaN or infinite if no validation loss was ever finite.
        stopped_early: Whether the stopping rule ended training.
        seconds: Wall clock of all epochs until its last; the other heads' share is included, compilation is not.
        parameters: Trainable parameters; those that are kept can be more, where something went into them.
    """

    history: History
    best_params: PyTree
    last_params: PyTree
    best_epoch: int
    best_valid_loss: float
    stopped_early: bool
    seconds: float
    parameters: int

    @property
    def diverged(self) -> bool:
        """No validation loss was ever finite: `best_params` are the first epoch's, and worth nothing."""
        return not math.isfinite(self.best_valid_loss)


class Judgement(NamedTuple):
    """Where the two rules stand after some epochs."""

    plateau: PlateauState
    stopping: StoppingState


def judge(history: Sequence[EpochRecord], rate: float, settings: TrainingSettings) -> Judgement:
    """Put the validation losses so far through both rules; a history is all that they need to be resumed.

    Args:
        history: Records of one head and seed.
        rate: The head's learning rate before any cut.
        settings: Settings that hold the rules.
    """
    losses = [record.valid_loss for record in history]
    plateau = reduce(settings.plateau.update, losses, settings.plateau.init(rate))
    return Judgement(plateau, reduce(settings.stopping.update, losses, settings.stopping.init()))


def goes_on(history: Sequence[EpochRecord], rate: float, settings: TrainingSettings) -> bool:
    """Another epoch follows."""
    return len(history) < settings.epochs and not judge(history, rate, settings).stopping.should_stop


def is_best(history: Sequence[EpochRecord], rate: float, settings: TrainingSettings) -> bool:
    """The last epoch's parameters are the ones to keep so far."""
    return judge(history, rate, settings).stopping.improved


def longer(
    history: History, learnt: Metrics, checked: Metrics, rate: float, settings: TrainingSettings
) -> History:
    """The history with one more epoch."""
    lr = judge(history, rate, settings).plateau.lr
    record = EpochRecord(len(history) + 1, *learnt, *checked, learning_rate=lr, lr_cut=False)
    cut = judge([*history, record], rate, settings).plateau.lr < lr
    return (*history, record._replace(lr_cut=cut))
