"""One recurrent engine for every cell, direction and read-out: project once, then scan over time.

The input's share of all gates needs no earlier state, so it is one matmul over all tokens; only the small
recurrent matmul waits inside the scan. The three functions are pure and separate, so that several heads can
share a matmul and a scan.
"""

import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Bool, Float, Float32

from headstart.heads.cells import RecurrentCell, State, Weights
from headstart.heads.pooling import zero_padding


def project(
    weights: Weights, hidden: Float[Array, "b t d"], mask: Bool[Array, "b t"]
) -> Float32[Array, "b t g"]:
    """The input's share of every gate at every token, in one matmul over [b * t, d].

    Args:
        weights: `kernel [d, g]` and `bias`, see `heads.cells`.
        hidden: Hidden states of any float type; computed in float32.
        mask: True at real tokens.
    """
    b, t, d = hidden.shape
    # zeroed, not only skipped later: the kernel's gradient multiplies padding by 0, and 0 * nan is nan
    tokens = zero_padding(hidden, mask).reshape(b * t, d)
    # a GRU's bias has one row for the input and one for the state, an LSTM's only the former
    input_bias = jnp.atleast_2d(weights["bias"])[0]
    return (tokens @ weights["kernel"] + input_bias).reshape(b, t, -1)


def masked_step(
    cell: RecurrentCell,
    weights: Weights,
    state: State,
    projected: Float32[Array, "b g"],
    real: Bool[Array, " b"],
) -> State:
    """One time step; rows whose token is padding keep their state unchanged."""
    stepped = cell.step(weights, state, projected)
    return tuple(jnp.where(real[:, None], new, old) for new, old in zip(stepped, state, strict=True))


def recur(
    cell: RecurrentCell,
    weights: Weights,
    projected: Float32[Array, "b t g"],
    mask: Bool[Array, "b t"],
    reverse: bool = False,
) -> tuple[Float32[Array, "b u"], Float32[Array, "b t u"]]:
    """Run one direction over time, from a zero state.

    Reversed, it meets the padding first and carries zeros through it, so every row starts at its own last
    real token, as Keras' `Bidirectional` does under a mask.

    Args:
        cell: Recurrent unit, a value of `heads.cells.CELLS`.
        weights: Weights of that cell, for one direction.
        projected: What `project` returns.
        mask: True at real tokens.
        reverse: Whether to go from the last token to the first.

    Returns:
        The last output, and the outputs at all tokens, in the order of the tokens also when reversed. Outputs
        at padding carry no meaning: read them through the mask.
    """
    zeros = jnp.zeros((mask.shape[0], weights["recurrent_kernel"].shape[0]))

    def step(state: State, token: tuple[Array, Array]) -> tuple[State, Array]:
        state = masked_step(cell, weights, state, *token)
        return state, state[0]

    time_first = projected.swapaxes(0, 1), mask.T
    last, outputs = lax.scan(step, (zeros,) * cell.states, time_first, reverse=reverse)
    return last[0], outputs.swapaxes(0, 1)
