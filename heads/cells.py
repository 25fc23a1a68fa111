"""GRU and LSTM as Keras writes them, so that weights map one to one.

Weights of one cell with u units over inputs of width d, all float32:

    ==================  ============  ============  =====================
    name                gru           lstm          initial value
    ==================  ============  ============  =====================
    kernel              [d, 3u]       [d, 4u]       glorot uniform
    recurrent_kernel    [u, 3u]       [u, 4u]       orthogonal
    bias                [2, 3u]       [4u]          zero, but 1 for LSTM f
    gates, in order     z, r, h       i, f, c, o
    ==================  ============  ============  =====================

`projected` is the input's share of every gate, already multiplied and biased by `heads.recurrence.project`.

Reference:
    GRU: Cho et al. 2014, https://arxiv.org/abs/1406.1078, in the `reset_after` variant of cuDNN and Keras.
    LSTM: Hochreiter and Schmidhuber 1997; unit forget bias: Jozefowicz et al. 2015.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.nn import sigmoid
from jaxtyping import Float32

Weights = Mapping[str, Array]
State = tuple[Float32[Array, "b u"], ...]
"""What one time step hands to the next; its first array is also the step's output."""


class RecurrentCell(NamedTuple):
    """One kind of recurrent unit.

    Attributes:
        gates: Number of blocks of u columns of the kernels.
        states: Number of arrays [b, u] that one step hands to the next.
        bias: Initial bias for u units.
        step: Weights, state, `projected [b, gates * u]` -> next state.
    """

    gates: int
    states: int
    bias: Callable[[int], Array]
    step: Callable[[Weights, State, Array], State]


def gru_bias(units: int) -> Float32[Array, "2 g"]:
    """Two biases, because `reset_after` resets the recurrent share with its own bias inside."""
    return jnp.zeros((2, 3 * units))


def gru_step(weights: Weights, state: State, projected: Float32[Array, "b g"]) -> State:
    """One step of the gated recurrent unit: z keeps the old state, r resets it."""
    (h,) = state
    recurrent = h @ weights["recurrent_kernel"] + weights["bias"][1]
    input_z, input_r, input_h = jnp.split(projected, 3, axis=-1)
    recurrent_z, recurrent_r, recurrent_h = jnp.split(recurrent, 3, axis=-1)
    z, r = sigmoid(input_z + recurrent_z), sigmoid(input_r + recurrent_r)
    return (z * h + (1 - z) * jnp.tanh(input_h + r * recurrent_h),)


def lstm_bias(units: int) -> Float32[Array, " g"]:
    """Zero, but 1 for the forget gate, which so starts out remembering."""
    return jnp.zeros(4 * units).at[units : 2 * units].set(1)


def lstm_step(weights: Weights, state: State, projected: Float32[Array, "b g"]) -> State:
    """One step of the long short-term memory: i writes to the memory c, f keeps it, o shows it."""
    h, memory = state
    i, f, c, o = jnp.split(projected + h @ weights["recurrent_kernel"], 4, axis=-1)
    memory = sigmoid(f) * memory + sigmoid(i) * jnp.tanh(c)
    return sigmoid(o) * jnp.tanh(memory), memory


CELLS = {
    "gru": RecurrentCell(gates=3, states=1, bias=gru_bias, step=gru_step),
    "lstm": RecurrentCell(gates=4, states=2, bias=lstm_bias, step=lstm_step),
}
