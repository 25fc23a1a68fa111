"""What trained parameters are worth on a split."""

import jax
import numpy as np
from jaxtyping import Float32, PyTree

from train.batches import Features, eval_batches
from train.epoch import eval_epoch
from train.metrics import Metrics, divide
from train.step import Apply, logits_step


def evaluate(
    apply: Apply, params: PyTree, features: Features, batch_size: int = 128, tokens: bool = True
) -> Metrics:
    """Loss and accuracy over all rows of a split. Call it once on test, after all choices are made."""
    return divide(eval_epoch(apply, params, eval_batches(features, batch_size, tokens)))


def predict_logits(
    apply: Apply, params: PyTree, features: Features, batch_size: int = 128, tokens: bool = True
) -> Float32[np.ndarray, "b k"]:
    """Logits of each row of a split, in the split's order."""
    batches = eval_batches(features, batch_size, tokens)
    parts = [logits_step(apply, params, batch) for batch in batches]
    return np.concatenate(jax.device_get(parts))[: len(features.labels)]
