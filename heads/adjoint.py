"""The cells of `heads.cells` with their gradient written out, for loops that keep little and add up late.

Automatic differentiation of a scan adds to every weight's gradient at every time step. Here a step hands out
the gradient of its gates, and the weights' gradients are one matmul over many steps, see `heads.joint`.
`heads.cells` and automatic differentiation are the oracle for every line below.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.nn import sigmoid
from jaxtyping import Float32

from heads.cells import State, Weights

Saved = tuple[Array, ...]


class Slopes(NamedTuple):
    """Gradients that one step hands back.

    Attributes:
        state: of the old state, but for the share that went through the recurrent kernel.
        projected: of the input's share of every gate.
        recurrent: of the state's share of every gate.
    """

    state: State
    projected: Float32[Array, "b g"]
    recurrent: Float32[Array, "b g"]


class Adjoint(NamedTuple):
    """How a cell goes forward and back.

    Attributes:
        forward: like `Cell.step`, and what `back` needs.
        back: old state, what was kept, gradient of the new state -> slopes.
    """

    forward: Callable[[Weights, State, Array], tuple[State, Saved]]
    back: Callable[[State, Saved, State], Slopes]


def gru_forward(weights: Weights, state: State, projected: Float32[Array, "b g"]) -> tuple[State, Saved]:
    """`heads.cells.gru_step`, keeping the gates."""
    (h,), units = state, state[0].shape[-1]
    recurrent = h @ weights["recurrent_kernel"] + weights["bias"][1]
    both = sigmoid(projected[:, : 2 * units] + recurrent[:, : 2 * units])
    z, r = jnp.split(both, 2, axis=-1)
    again = recurrent[:, 2 * units :]
    candidate = jnp.tanh(projected[:, 2 * units :] + r * again)
    return (z * h + (1 - z) * candidate,), (both, candidate, again)


def gru_back(state: State, saved: Saved, slope: State) -> Slopes:
    """Back through `gru_forward`."""
    (h,), (both, candidate, again), (down,) = state, saved, slope
    z, r = jnp.split(both, 2, axis=-1)
    of_h = down * (1 - z) * (1 - candidate * candidate)
    of_z = down * (h - candidate) * z * (1 - z)
    of_r = of_h * again * r * (1 - r)
    projected = jnp.concatenate([of_z, of_r, of_h], axis=-1)
    return Slopes((down * z,), projected, jnp.concatenate([of_z, of_r, of_h * r], axis=-1))


def lstm_forward(weights: Weights, state: State, projected: Float32[Array, "b g"]) -> tuple[State, Saved]:
    """`heads.cells.lstm_step`, keeping the gates."""
    (h, memory), units = state, state[0].shape[-1]
    gates = projected + h @ weights["recurrent_kernel"]
    both = sigmoid(gates[:, : 2 * units])
    i, f = jnp.split(both, 2, axis=-1)
    c, o = jnp.tanh(gates[:, 2 * units : 3 * units]), sigmoid(gates[:, 3 * units :])
    memory = f * memory + i * c
    shown = jnp.tanh(memory)
    return (o * shown, memory), (both, c, o, shown)


def lstm_back(state: State, saved: Saved, slope: State) -> Slopes:
    """Back through `lstm_forward`."""
    (_, memory), (both, c, o, shown), (of_output, of_memory) = state, saved, slope
    i, f = jnp.split(both, 2, axis=-1)
    of_memory = of_memory + of_output * o * (1 - shown * shown)
    gates = [
        of_memory * c * i * (1 - i),
        of_memory * memory * f * (1 - f),
        of_memory * i * (1 - c * c),
        of_output * shown * o * (1 - o),
    ]
    projected = jnp.concatenate(gates, axis=-1)
    return Slopes((jnp.zeros_like(of_output), of_memory * f), projected, projected)


ADJOINTS = {"gru": Adjoint(gru_forward, gru_back), "lstm": Adjoint(lstm_forward, lstm_back)}
