"""One pass over batches; sums stay on the device."""

from collections.abc import Iterable

import jax.numpy as jnp
from jaxtyping import PyTree

from train.batches import Batch
from train.metrics import Sums, add, zero_sums
from train.step import Apply, TrainState, eval_step, train_step


def train_epoch(
    apply: Apply, state: TrainState, batches: Iterable[Batch], lr: float
) -> tuple[TrainState, Sums]:
    """Take a step for each batch.

    Returns:
        The state after the last, and sums over all rows, each as the parameters of its step saw it.
    """
    sums, rate = zero_sums(), jnp.float32(lr)
    for batch in batches:
        state, step_sums = train_step(apply, state, batch, rate)
        sums = add(sums, step_sums)
    return state, sums


def eval_epoch(apply: Apply, params: PyTree, batches: Iterable[Batch]) -> Sums:
    """Sums over all rows with the same parameters."""
    sums = zero_sums()
    for batch in batches:
        sums = add(sums, eval_step(apply, params, batch))
    return sums
