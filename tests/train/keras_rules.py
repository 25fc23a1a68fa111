"""Our two rules and the callbacks of Keras 3, driven through the same series of losses."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import keras

from headstart.train.plateau import ReduceLROnPlateau
from headstart.train.stopping import EarlyStopping


class Model:
    """All that the callbacks touch of a model: a rate, weights, and the wish to stop."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer
        self.metrics = [SimpleNamespace(name="loss", metrics=[])]
        self.stop_training = False
        self.weights = 0

    def get_weights(self) -> int:
        return self.weights

    def set_weights(self, weights: int) -> None:
        self.weights = weights


class Rate(NamedTuple):
    """What a plateau rule has come to after an epoch."""

    lr: float
    wait: int
    cooldown: int


def our_rates(rule: ReduceLROnPlateau, rate: float, losses: Sequence[float]) -> list[Rate]:
    found, state = [], rule.init(rate)
    for loss in losses:
        state = rule.update(state, loss)
        found.append(Rate(state.lr, state.wait, state.cooldown))
    return found


def keras_rates(rule: ReduceLROnPlateau, optimizer: Any, losses: Sequence[float]) -> list[Rate]:
    """The optimizer is one of Keras, whose rate is a float32 variable, or a stub with a `learning_rate`."""
    callback: Any = keras.callbacks.ReduceLROnPlateau(
        "val_loss",
        rule.factor,
        rule.patience,
        mode="min",
        min_delta=rule.min_delta,
        cooldown=rule.cooldown,
        min_lr=rule.min_lr,
    )
    callback.set_model(Model(optimizer))
    callback.on_train_begin()
    found = []
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        found.append(Rate(float(optimizer.learning_rate), callback.wait, callback.cooldown_counter))
    return found


class End(NamedTuple):
    """How a training ended: epochs that ran, whether the rule stopped it, and the epoch whose weights were kept."""

    epochs: int
    stopped: bool
    kept: int


def our_end(rule: EarlyStopping, losses: Sequence[float]) -> End:
    state = rule.init()
    for loss in losses:
        state = rule.update(state, loss)
        if state.should_stop:
            break
    return End(state.epoch, state.should_stop, state.best_epoch)


def keras_end(rule: EarlyStopping, losses: Sequence[float]) -> End:
    """The weights after an epoch are its number."""
    callback: Any = keras.callbacks.EarlyStopping(
        "val_loss", rule.min_delta, rule.patience, mode="min", restore_best_weights=True
    )
    model = Model(None)
    callback.set_model(model)
    callback.on_train_begin()
    epochs = 0
    for epoch, loss in enumerate(losses):
        model.weights = epochs = epoch + 1
        callback.on_epoch_end(epoch, {"val_loss": loss})
        if model.stop_training:
            break
    callback.on_train_end()
    return End(epochs, model.stop_training, model.weights)
