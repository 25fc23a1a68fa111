"""The cells of `heads.cells` with their gradient written out, for loops that keep little and add up late.

Automatic differentiation of a scan adds to every weight's gradient at every time step. Here a step hands out
the gradient of its gates, and the weights' gradients are one matmul over many steps, see `heads.fused.lanes`.
`heads.cells` and automatic differentiation are the oracle for every line below.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.nn import sigmoid

from headstart.heads.cells import State, Weights

Saved = tuple[Array, ...]
Gates = tuple[Array, ...]
"""`[b, u]` of each gate, apart: where one loop reads columns of a common array at several offsets, XLA on CPU
computes its exponentials one by one instead of 16 at a time, and a GRU's step takes four times as long."""


class Slopes(NamedTuple):
    """Gradients that one step hands back.

    Attributes:
        state: Gradient of the old state, but for the share that went through the recurrent kernel.
        gates: Gradient of every gate, as the cell's `projected` and `recurrent` number them.
    """

    state: State
    gates: Gates


class Adjoint(NamedTuple):
    """How a cell goes forward and backward.

    Attributes:
        forward: `RecurrentCell.step` with the input's share of each gate apart; also returns what `backward` needs.
        backward: Old state, what was kept, gradient of the new state -> slopes.
        projected: Numbers of the slopes' gates that belong to the input's share; most belong to both shares.
        recurrent: Numbers of those that belong to the state's share.
    """

    forward: Callable[[Weights, State, Gates], tuple[State, Saved]]
    backward: Callable[[State, Saved, State], Slopes]
    projected: tuple[int, ...]
    recurrent: tuple[int, ...]


def gru_forward(weights: Weights, state: State, projected: Gates) -> tuple[State, Saved]:
    """`heads.cells.gru_step`, keeping the gates."""
    (h,), (input_z, input_r, input_h) = state, projected
    recurrent = h @ weights["recurrent_kernel"] + weights["bias"][1]
    recurrent_z, recurrent_r, again = jnp.split(recurrent, 3, axis=-1)
    z, r = sigmoid(input_z + recurrent_z), sigmoid(input_r + recurrent_r)
    candidate = jnp.tanh(input_h + r * again)
    return (z * h + (1 - z) * candidate,), (z, r, candidate, again)


def gru_backward(state: State, saved: Saved, slope: State) -> Slopes:
    """Back through `gru_forward`."""
    (h,), (z, r, candidate, again), (down,) = state, saved, slope
    of_h = down * (1 - z) * (1 - candidate * candidate)
    of_z = down * (h - candidate) * z * (1 - z)
    of_r = of_h * again * r * (1 - r)
    return Slopes((down * z,), (of_z, of_r, of_h, of_h * r))


def lstm_forward(weights: Weights, state: State, projected: Gates) -> tuple[State, Saved]:
    """`heads.cells.lstm_step`, keeping the gates."""
    h, memory = state
    shares = jnp.split(h @ weights["recurrent_kernel"], 4, axis=-1)
    i, f, c, o = (share + gate for share, gate in zip(shares, projected, strict=True))
    i, f, c, o = sigmoid(i), sigmoid(f), jnp.tanh(c), sigmoid(o)
    memory = f * memory + i * c
    shown = jnp.tanh(memory)
    return (o * shown, memory), (i, f, c, o, shown)


def lstm_backward(state: State, saved: Saved, slope: State) -> Slopes:
    """Back through `lstm_forward`."""
    (_, memory), (i, f, c, o, shown), (of_output, of_memory) = state, saved, slope
    of_memory = of_memory + of_output * o * (1 - shown * shown)
    gates = (
        of_memory * c * i * (1 - i),
        of_memory * memory * f * (1 - f),
        of_memory * i * (1 - c * c),
        of_output * shown * o * (1 - o),
    )
    return Slopes((jnp.zeros_like(of_output), of_memory * f), gates)


ADJOINTS = {
    "gru": Adjoint(gru_forward, gru_backward, projected=(0, 1, 2), recurrent=(0, 1, 3)),
    "lstm": Adjoint(lstm_forward, lstm_backward, projected=(0, 1, 2, 3), recurrent=(0, 1, 2, 3)),
}
