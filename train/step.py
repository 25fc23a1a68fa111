"""One step of training or evaluation, for any head given as a pure function."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import optax  # type: ignore[import-untyped]
from jax import Array
from jaxtyping import Float, PyTree

from train.adam import ADAM
from train.batches import Batch
from train.metrics import Sums, batch_sums

Apply = Callable[[PyTree, Batch], Float[Array, "b k"]]
"""A head: `(params, batch) -> logits`. Steps are compiled anew for every such function: build it once."""


class TrainState(NamedTuple):
    """What a training step changes.

    Attributes:
        params: the head's parameters.
        moments: Adam's.
    """

    params: PyTree
    moments: optax.OptState


def init(params: PyTree) -> TrainState:
    """State before the first step."""
    return TrainState(params, ADAM.init(params))


def mean_loss(params: PyTree, apply: Apply, batch: Batch) -> tuple[Float[Array, ""], Sums]:
    """Mean loss over the rows of weight 1, which training makes small, and the sums it is made of."""
    sums = batch_sums(apply(params, batch), batch)
    return sums.loss / sums.rows, sums


@jax.jit(static_argnums=0)
def train_step(
    apply: Apply, state: TrainState, batch: Batch, lr: Float[Array, ""]
) -> tuple[TrainState, Sums]:
    """Take one Adam step.

    Args:
        apply: the head.
        state: is not donated, so the parameters of earlier epochs stay valid.
        batch: at least one row has weight 1.
        lr: traced, so that a cut of the rate does not compile anew.

    Returns:
        The next state, and the sums over the batch as the old parameters saw it.
    """
    gradient, sums = jax.grad(mean_loss, has_aux=True)(state.params, apply, batch)
    direction, moments = ADAM.update(gradient, state.moments)
    params = jax.tree.map(lambda param, towards: param - lr * towards, state.params, direction)
    return TrainState(params, moments), sums


@jax.jit(static_argnums=0)
def eval_step(apply: Apply, params: PyTree, batch: Batch) -> Sums:
    """Sums over a batch."""
    return batch_sums(apply(params, batch), batch)


@jax.jit(static_argnums=0)
def logits_step(apply: Apply, params: PyTree, batch: Batch) -> Float[Array, "b k"]:
    """Logits of each row, those of weight 0 included."""
    return apply(params, batch)
