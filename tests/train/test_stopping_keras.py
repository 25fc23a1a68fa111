"""Our two rules beside the callbacks of Keras 3, on series that Hypothesis looks for."""

import math
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from headstart.train.plateau import ReduceLROnPlateau
from headstart.train.stopping import EarlyStopping

from .keras_rules import End, keras_end, keras_rates, our_end, our_rates

DELTAS = st.sampled_from([0.0, 1e-4, 0.1, 0.25])
LEVELS = st.sampled_from([0.1, 0.2, 0.25, 0.5, 0.5 - 1e-4, 0.5 - 2e-4, 0.75, 1.0])
"""Few values, so that ties, plateaus and differences of exactly min_delta are common."""
STRANGE = st.sampled_from([math.nan, math.inf, -math.inf])
ANY = LEVELS | st.floats(0, 1, width=32, allow_subnormal=False) | STRANGE
LOSSES = st.lists(ANY, min_size=1, max_size=30) | st.lists(LEVELS, min_size=1, max_size=30)
FACTORS = st.sampled_from([0.1, 0.2, 0.3, 0.5, 0.9])
FLOORS = st.sampled_from([0.0, 1e-8, 1e-5, 1e-4, 0.125])
RATES = st.sampled_from([1.0, 2e-3, 1e-3])
PLATEAUS = st.builds(ReduceLROnPlateau, FACTORS, st.integers(0, 5), DELTAS, FLOORS, st.integers(0, 3))
STOPS = st.builds(EarlyStopping, st.integers(0, 5), DELTAS)
DIVERGED = [math.nan, 0.5, 0.4, 0.3]


@settings(max_examples=4000, deadline=None)
@given(PLATEAUS, RATES, LOSSES)
@example(ReduceLROnPlateau(), 1e-3, DIVERGED)
@example(ReduceLROnPlateau(patience=0, cooldown=3), 1.0, [0.5] * 30)  # 1e-8 is reached, and not cut again
def test_rate_wait_and_cooldown_after_every_epoch_are_keras_s(
    rule: ReduceLROnPlateau, rate: float, losses: list[float]
) -> None:
    assert our_rates(rule, rate, losses) == keras_rates(rule, SimpleNamespace(learning_rate=rate), losses)


@pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning:keras"
)
@settings(max_examples=500, deadline=None)
@given(PLATEAUS, RATES, LOSSES)
@example(ReduceLROnPlateau(patience=0, cooldown=0), 1e-3, [0.5] * 30)
def test_the_rate_of_a_real_optimizer_is_cut_alike(
    rule: ReduceLROnPlateau, rate: float, losses: list[float]
) -> None:
    """Its rate is rounded to float32 by every cut, and ours only when a step takes it."""
    ours, of_keras = our_rates(rule, rate, losses), keras_rates(rule, ADAM_OF[rate], losses)
    ADAM_OF[rate].learning_rate = rate
    rates = [[epoch.lr for epoch in found] for found in (ours, of_keras)]
    np.testing.assert_allclose(*rates, rtol=1e-5)


ADAM_OF = {rate: keras.optimizers.Adam(rate) for rate in (1.0, 2e-3, 1e-3)}


@settings(max_examples=5500, deadline=None)
@given(STOPS, LOSSES)
@example(EarlyStopping(), DIVERGED)
@example(EarlyStopping(patience=0), [0.5])
def test_stops_and_kept_weights_are_keras_s(rule: EarlyStopping, losses: list[float]) -> None:
    assert our_end(rule, losses) == keras_end(rule, losses)


def test_ends_by_hand() -> None:
    """Keras' own, so that both are known to be driven rightly."""
    assert keras_end(EarlyStopping(patience=2), [5, 4, 4, 4, 1]) == End(4, True, 2)
    assert keras_end(EarlyStopping(patience=2), [5, 4, 3]) == End(3, False, 3)
