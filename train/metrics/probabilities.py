"""What logits say: the probability of each class, and the class."""

import numpy as np
from jaxtyping import Float, Int
from scipy.special import expit, logsumexp

from headstart.cache.task import Task

LARGEST = 1e300  # stands for an infinite logit, so that differences of two stay finite


def probabilities(task: Task, logits: Float[np.ndarray, "*rows k"]) -> Float[np.ndarray, "*rows k"]:
    """Probability of each output: sigmoid of each logit, or softmax over the classes of a multiclass task.

    Args:
        task: its outputs are the last axis.
        logits: of any floating type; infinite ones say 0 or 1, several of +inf in a row share it.

    Returns:
        float64, NaN where a logit is NaN.
    """
    finite = np.clip(logits.astype(np.float64), -LARGEST, LARGEST)
    if task.kind != "multiclass":
        result: np.ndarray = expit(finite)
        return result
    powers = np.exp(finite - finite.max(axis=-1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def decisions(
    task: Task, shares: Float[np.ndarray, "*rows k"], threshold: float | list[float] = 0.5
) -> Int[np.ndarray, "..."]:
    """Class numbers (binary, multiclass: without the last axis) or 0 and 1 for each label (multilabel).

    A probability above the threshold says 1; of several classes the most probable, of equal ones the first.

    Args:
        task: a multiclass task has no threshold.
        shares: what `probabilities` returns.
        threshold: one number, or one for each label.
    """
    if task.kind == "multiclass":
        return np.asarray(shares.argmax(axis=-1))
    above = (shares > np.asarray(threshold)).astype(np.int64)
    return above[..., 0] if task.kind == "binary" else above


def row_losses(
    task: Task, labels: Int[np.ndarray, " n *k"], logits: Float[np.ndarray, "n k"]
) -> Float[np.ndarray, " n"]:
    """Cross-entropy of each row in nats, float64: what training makes small, infinite where 0 came true.

    A multilabel row's loss is the mean over its labels, as in Keras.
    """
    exact = logits.astype(np.float64)
    if task.kind == "multiclass":
        capped = np.minimum(exact, LARGEST)
        losses = logsumexp(capped, axis=1) - np.take_along_axis(capped, labels[:, None], axis=1)[:, 0]
        return np.where(losses > LARGEST / 2, np.inf, losses)
    targets = labels.reshape(exact.shape)
    means: np.ndarray = np.logaddexp(0, np.where(targets == 1, -exact, exact)).mean(axis=1)
    return means
