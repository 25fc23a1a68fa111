"""Our two rules beside the callbacks of Keras 3, on series that Hypothesis looks for."""

import math
from types import SimpleNamespace
from typing import Any

import keras
from hypothesis import example, given, settings
from hypothesis import strategies as st

from train.plateau import ReduceLROnPlateau
from train.stopping import EarlyStopping

DELTAS = [0.0, 1e-4, 0.1, 0.25]
LEVELS = st.sampled_from([0.1, 0.2, 0.25, 0.5, 0.5 - 1e-4, 0.5 - 2e-4, 0.75, 1.0])
"""Few values, so that ties, plateaus and differences of exactly min_delta are common."""
STRANGE = st.sampled_from([math.nan, math.inf, -math.inf])
LOSSES = st.lists(
    LEVELS | st.floats(0, 1, width=32, allow_subnormal=False) | STRANGE, min_size=1, max_size=30
) | st.lists(LEVELS, min_size=1, max_size=30)
THOUSANDS = settings(max_examples=2000, deadline=None)


class Model:
    """All that the callbacks touch of a model: a rate, weights, and the wish to stop."""

    def __init__(self, rate: float = 1.0) -> None:
        self.optimizer = SimpleNamespace(learning_rate=rate)
        self.metrics = [SimpleNamespace(name="loss", metrics=[])]
        self.stop_training = False
        self.weights = 0

    def get_weights(self) -> int:
        return self.weights

    def set_weights(self, weights: int) -> None:
        self.weights = weights


def begun(callback: keras.callbacks.Callback, model: Model) -> Any:
    callback.set_model(model)
    callback.on_train_begin()
    return callback


@THOUSANDS
@given(
    LOSSES,
    st.sampled_from([0.1, 0.3, 0.5, 0.9]),
    st.integers(0, 5),
    st.sampled_from(DELTAS),
    st.sampled_from([0.0, 2.0**-20, 0.125]),  # exact in float32, which Keras makes of it when it compares
    st.integers(0, 3),
    st.sampled_from([1.0, 2e-3, 1e-3]),
)
@example([math.nan, 0.5, 0.4, 0.3], 0.1, 2, 1e-4, 0.0, 1, 1e-3)
def test_the_rate_after_every_epoch_is_keras_s(
    losses: list[float], factor: float, patience: int, delta: float, least: float, cooldown: int, rate: float
) -> None:
    model = Model(rate)
    callback = begun(
        keras.callbacks.ReduceLROnPlateau(
            "val_loss", factor, patience, mode="min", min_delta=delta, cooldown=cooldown, min_lr=least
        ),
        model,
    )
    rule = ReduceLROnPlateau(factor, patience, delta, least, cooldown)
    state = rule.init(rate)
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        state = rule.update(state, loss)
        assert state.lr == model.optimizer.learning_rate
        assert (state.wait, state.cooldown) == (callback.wait, callback.cooldown_counter)


@THOUSANDS
@given(LOSSES, st.integers(0, 5), st.sampled_from(DELTAS))
@example([math.nan, 0.5, 0.4, 0.3], 5, 1e-4)
@example([0.5], 0, 0.0)
def test_stops_and_kept_weights_are_keras_s(losses: list[float], patience: int, delta: float) -> None:
    model = Model()
    callback = begun(
        keras.callbacks.EarlyStopping("val_loss", delta, patience, mode="min", restore_best_weights=True),
        model,
    )
    rule = EarlyStopping(patience, delta)
    state = rule.init()
    for epoch, loss in enumerate(losses):
        model.weights = epoch + 1  # what training left
        callback.on_epoch_end(epoch, {"val_loss": loss})
        state = rule.update(state, loss)
        assert state.should_stop == model.stop_training
        assert state.best_epoch == callback.best_epoch + 1
        if state.should_stop:
            break
    callback.on_train_end()
    assert model.weights == state.best_epoch
