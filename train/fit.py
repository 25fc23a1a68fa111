"""Train one head: epochs, the two rules, a record of each epoch. Test rows never come here."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from jaxtyping import PyTree

from train.batches import Features, eval_batches, train_batches
from train.epoch import eval_epoch, train_epoch
from train.labels import require_binary
from train.metrics import divide
from train.plateau import PlateauState
from train.settings import FitSettings
from train.step import Apply, TrainState, init
from train.stopping import StoppingState


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


@dataclass(frozen=True)
class FitResult:
    """What training left.

    Attributes:
        history: one record for each epoch that ran.
        best_params: the parameters after `best_epoch`.
        last_params: the parameters after the last epoch.
        best_epoch: counted from 1.
        best_valid_loss: infinite if no validation loss was ever finite.
        stopped_early: the stopping rule ended training.
    """

    history: tuple[EpochRecord, ...]
    best_params: PyTree
    last_params: PyTree
    best_epoch: int
    best_valid_loss: float
    stopped_early: bool

    @property
    def diverged(self) -> bool:
        """No validation loss was ever finite: `best_params` are the first epoch's, and worth nothing."""
        return not math.isfinite(self.best_valid_loss)


class Progress(NamedTuple):
    """What one epoch hands to the next."""

    state: TrainState
    plateau: PlateauState
    stopping: StoppingState
    best_params: PyTree


def fit(
    apply: Apply,
    params: PyTree,
    train: Features,
    valid: Features,
    settings: FitSettings,
    *,
    tokens: bool = True,
    on_epoch: Callable[[EpochRecord], object] = lambda record: None,
) -> FitResult:
    """Train a head until the stopping rule or `settings.epochs` ends it.

    A loss that becomes NaN raises nothing: as in Keras it is no improvement, so the stopping rule ends
    training, the best parameters before it are kept, and `diverged` tells if there were none.

    Args:
        apply: the head, `(params, batch) -> logits [b, 1]`; steps are compiled once for each such function.
        params: where training starts; left as they are.
        train: rows to learn from.
        valid: rows that cut the rate, end training and pick the best epoch.
        settings: everything a user can choose.
        tokens: False for a head that reads only `batch.pooled`, which saves gathering hidden states.
        on_epoch: is told each epoch's record as soon as it is known.

    Raises:
        ValueError: a split has no rows, or labels other than 0 and 1.
    """
    require_binary(train.labels, "train")
    require_binary(valid.labels, "valid")
    progress, history = begin(params, settings), list[EpochRecord]()
    while len(history) < settings.epochs and not progress.stopping.should_stop:
        progress, record = run_epoch(apply, progress, train, valid, settings, tokens)
        history.append(record)
        on_epoch(record)
    return finish(progress, history)


def begin(params: PyTree, settings: FitSettings) -> Progress:
    """Progress before the first epoch."""
    return Progress(
        init(params), settings.plateau.init(settings.learning_rate), settings.stopping.init(), params
    )


def run_epoch(
    apply: Apply, progress: Progress, train: Features, valid: Features, settings: FitSettings, tokens: bool
) -> tuple[Progress, EpochRecord]:
    """Train and validate once, then ask both rules."""
    epoch, lr = progress.stopping.epoch + 1, progress.plateau.lr
    batches = train_batches(train, settings.batch_size, settings.seed, epoch, tokens)
    state, train_sums = train_epoch(apply, progress.state, batches, lr)
    valid_sums = eval_epoch(apply, state.params, eval_batches(valid, settings.batch_size, tokens))
    # both after all steps are dispatched: fetching sums makes the host wait for the device
    learnt, checked = divide(train_sums), divide(valid_sums)
    following = judge(progress, state, checked.loss, settings)
    cut = following.plateau.lr < lr
    return following, EpochRecord(epoch, *learnt, *checked, learning_rate=lr, lr_cut=cut)


def judge(progress: Progress, state: TrainState, valid_loss: float, settings: FitSettings) -> Progress:
    """Progress after an epoch that ended in this state with this validation loss."""
    stopping = settings.stopping.update(progress.stopping, valid_loss)
    # not `improved`: the first epoch is kept even where its loss is NaN
    is_best = stopping.best_epoch == stopping.epoch
    best_params = state.params if is_best else progress.best_params
    return Progress(state, settings.plateau.update(progress.plateau, valid_loss), stopping, best_params)


def finish(progress: Progress, history: list[EpochRecord]) -> FitResult:
    """What training left, once no epoch follows."""
    stopping = progress.stopping
    return FitResult(
        history=tuple(history),
        best_params=progress.best_params,
        last_params=progress.state.params,
        best_epoch=stopping.best_epoch,
        best_valid_loss=stopping.best,
        stopped_early=stopping.should_stop,
    )
