"""The rule that ends training, and says whose parameters to keep."""

from dataclasses import dataclass
from typing import NamedTuple, SupportsFloat

import numpy as np


def improves(loss: float, best: float | None, min_delta: float | int) -> bool:
    """Whether a loss is lower than the best by more than `min_delta`; the first always is, even NaN.

    A first loss that is NaN is never improved on, as no comparison with NaN is true: the run has diverged. Added up and
    compared as Keras 3 does, `loss + min_delta < best` in float32, so that differences of just `min_delta` agree, too.
    """
    if best is None:
        return True
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite
        return bool(np.float32(loss + min_delta) < np.float32(best))


class StoppingState(NamedTuple):
    """What the rule remembers between epochs, and what it decided after the last one.

    Attributes:
        best: Lowest loss that counted as an improvement; None before the first.
        wait: Epochs since then.
        epoch: Epochs seen.
        best_epoch: Number of the epoch whose parameters to keep, counted from 1; 0 before the first.
        improved: Whether the last epoch was an improvement.
        should_stop: Whether training should end here.
    """

    best: float | None = None
    wait: int = 0
    epoch: int = 0
    best_epoch: int = 0
    improved: bool = False
    should_stop: bool = False


@dataclass(frozen=True)
class EarlyStopping:
    """Stop after `patience` epochs without improvement, but never after the first epoch.

    What is an improvement says `train.stopping`. The first epoch always is one, so its parameters are kept where
    every loss was NaN; `best` is then NaN.

    Attributes:
        patience: Epochs without improvement that end training.
        min_delta: Least difference by which a loss improves.

    Reference:
        `keras.callbacks.EarlyStopping` of Keras 3, mode "min", `restore_best_weights=True`.
    """

    patience: int = 5
    min_delta: float | int = 1e-4

    def init(self) -> StoppingState:
        """State before the first epoch."""
        return StoppingState()

    def update(self, state: StoppingState, loss: SupportsFloat) -> StoppingState:
        """State after an epoch with this validation loss."""
        epoch, loss = state.epoch + 1, float(loss)
        if improves(loss, state.best, self.min_delta):
            return StoppingState(best=loss, epoch=epoch, best_epoch=epoch, improved=True)
        wait = state.wait + 1
        return StoppingState(
            best=state.best,
            wait=wait,
            epoch=epoch,
            best_epoch=state.best_epoch,
            should_stop=wait >= self.patience and epoch > 1,
        )
