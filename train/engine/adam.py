"""Adam as Keras writes it, its state, and sums over devices."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax  # type: ignore[import-untyped]
from jax import Array, lax
from jax.flatten_util import ravel_pytree
from jaxtyping import Bool, Float, PyTree


class TrainState(NamedTuple):
    """What a training step changes.

    Attributes:
        params: The head's parameters.
        moments: Adam's moments.
    """

    params: PyTree
    moments: optax.OptState


States = dict[str, TrainState]
"""The state of every head by name; for several seeds each leaf has one more axis in front."""

Rates = Mapping[str, Float[Array | np.ndarray, "..."]]

Flags = Mapping[str, Bool[Array | np.ndarray, "..."]]

ROWS = "rows"
"""Axis of devices that share the rows of a batch; steps run where it is bound, see `train.engine.compiled_epochs`."""


def scale_by_keras_adam(b1: float, b2: float, eps: float) -> optax.GradientTransformation:
    """Adam's direction, `m / (sqrt(v) + eps) * sqrt(1 - b2^t) / (1 - b1^t)`, to be multiplied by minus the rate.

    `optax.scale_by_adam` adds `eps` to the corrected `sqrt(v)` instead. In the first steps, when the correction is
    large, small gradients then move a weight further: losses of recurrent heads end 1e-4 apart after 50 steps.

    Reference:
        Kingma and Ba 2015, https://arxiv.org/abs/1412.6980, end of section 2; `keras.optimizers.Adam`.
    """
    optax_adam = optax.scale_by_adam(b1, b2, eps)

    def update(slope: Any, state: Any, params: Any = None) -> tuple[Any, Any]:
        _, state = optax_adam.update(slope, state)
        step = state.count.astype(jnp.float32)
        correction = jnp.sqrt(1 - b2**step) / (1 - b1**step)
        direction = jax.tree.map(lambda m, v: correction * m / (jnp.sqrt(v) + eps), state.mu, state.nu)
        return direction, state

    return optax.GradientTransformation(optax_adam.init, update)


ADAM = scale_by_keras_adam(b1=0.9, b2=0.999, eps=1e-7)
"""The notebook's Adam, without its learning rate."""


def init(params: PyTree) -> TrainState:
    """State before the first step."""
    return TrainState(params, ADAM.init(params))


def adam_step(state: TrainState, slope: PyTree, rate: Float[Array | np.ndarray, ""]) -> TrainState:
    """Move against the slope."""
    direction, moments = ADAM.update(slope, state.moments)
    params = jax.tree.map(lambda param, towards: param - rate * towards, state.params, direction)
    return TrainState(params, moments)


def over_devices(tree: PyTree) -> PyTree:
    """Sum of every leaf over `ROWS`, in one message: each is a meeting of all devices, however small.

    Eight leaves apart took as long as all else in a step of pooling heads on 2 cores.
    """
    message, unpacked = ravel_pytree(tree)
    return unpacked(lax.psum(message, ROWS))
