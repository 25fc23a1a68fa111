"""The rule that cuts the learning rate when the validation loss no longer falls."""

from dataclasses import dataclass
from typing import NamedTuple, SupportsFloat

import numpy as np

from headstart.train.stopping import improves


class PlateauState(NamedTuple):
    """What the rule remembers between epochs.

    Attributes:
        lr: Learning rate for the next epoch.
        best: Lowest loss that counted as an improvement; None before the first.
        wait: Epochs since then, or since the end of the last cooldown.
        cooldown: Epochs left in which `wait` does not count.
    """

    lr: float
    best: float | None = None
    wait: int = 0
    cooldown: int = 0


@dataclass(frozen=True)
class ReduceLROnPlateau:
    """Multiply the learning rate by `factor` after `patience` epochs without improvement.

    The epoch in which a cooldown ends counts already, so `cooldown=1` holds nothing back, as in Keras.
    What is an improvement says `train.stopping`.

    Attributes:
        factor: Factor of a cut, above 0 and below 1.
        patience: Epochs without improvement that lead to a cut.
        min_delta: Least difference by which a loss improves.
        min_lr: Least learning rate; no cut goes below it.
        cooldown: Epochs to hold back after a cut.

    Raises:
        ValueError: `factor` is not between 0 and 1.

    Reference:
        `keras.callbacks.ReduceLROnPlateau` of Keras 3, mode "min".
    """

    factor: float = 0.1
    patience: int = 3
    min_delta: float | int = 1e-4
    min_lr: float | int = 1e-8
    cooldown: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.factor < 1:
            raise ValueError(f"factor is {self.factor}; a cut needs one between 0 and 1")

    def init(self, lr: SupportsFloat) -> PlateauState:
        """State before the first epoch, which runs at `lr`."""
        return PlateauState(lr=float(lr))

    def update(self, state: PlateauState, loss: SupportsFloat) -> PlateauState:
        """State after an epoch with this validation loss."""
        loss = float(loss)
        if state.cooldown > 0:
            state = state._replace(cooldown=state.cooldown - 1, wait=0)
        if improves(loss, state.best, self.min_delta):
            return state._replace(best=loss, wait=0)
        if state.cooldown > 0:
            return state
        return self._count(state._replace(wait=state.wait + 1))

    def _count(self, state: PlateauState) -> PlateauState:
        """Cut the rate if the wait is over and there is room below it.

        In float32, as in Keras: in float64 `1e-8` may come out a little above `min_lr`, and would be cut to itself.
        """
        if state.wait < self.patience or np.float32(state.lr) <= np.float32(self.min_lr):
            return state
        lr = max(state.lr * self.factor, float(self.min_lr))
        return state._replace(lr=lr, wait=0, cooldown=self.cooldown)
