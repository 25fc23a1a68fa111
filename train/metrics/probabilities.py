"""What logits say: probabilities, decisions, losses, and the thresholds that the validation rows choose."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import expit, logsumexp

from headstart.cache.task import Task

Labels = Int[np.ndarray, " n *k"]
"""Class number of each of n rows, or 0 or 1 for each class of each; decisions look alike."""
Threshold = float | list[float] | None
"""Probability above which an output says 1: one, one for each label (multilabel), or none (multiclass)."""
LARGEST = 1e300  # stands for an infinite logit, so that differences of two stay finite
CLIP = 1e-7  # a split of one class would else have an infinite loss on a row of the other
DEFAULT = 0.5
"""Threshold above which a probability says 1, where none was chosen."""


class Link(NamedTuple):
    """What logits mean; k outputs, of which a row makes q decisions: one, or one for each output.

    Attributes:
        probabilities: Probability of each output, from finite float64 logits `[..., k]`.
        confidence: Probability of each decision `[..., q]`, from probabilities `[..., k]`.
        decide: Decisions `[..., q]`, from probabilities `[..., k]` and a threshold, or one for each output.
        losses: Cross-entropy of each row `[n]` in nats, from float64 logits `[n, k]` and labels `[n, q]`.
        inverse: Finite logits that say how often each output is 1, from these frequencies.
    """

    probabilities: Callable[[np.ndarray], np.ndarray]
    confidence: Callable[[np.ndarray], np.ndarray]
    decide: Callable[[np.ndarray, np.ndarray], np.ndarray]
    losses: Callable[[np.ndarray, np.ndarray], np.ndarray]
    inverse: Callable[[np.ndarray], np.ndarray]


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers: np.ndarray = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def _softmax_losses(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    capped = np.minimum(logits, LARGEST)
    losses = logsumexp(capped, axis=1) - np.take_along_axis(capped, labels, axis=1)[:, 0]
    return np.where(losses > LARGEST / 2, np.inf, losses)


def _sigmoid_losses(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.asarray(np.logaddexp(0, np.where(labels == 1, -logits, logits)).mean(axis=1))


def _log_odds(probabilities: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(probabilities / (1 - probabilities)))


LINKS = {
    "softmax": Link(
        _softmax,
        confidence=lambda probabilities: probabilities.max(axis=-1, keepdims=True),
        decide=lambda probabilities, threshold: probabilities.argmax(axis=-1, keepdims=True),
        losses=_softmax_losses,
        inverse=lambda often: np.log(np.clip(often, CLIP, 1)),
    ),
    "sigmoid": Link(
        expit,
        confidence=lambda probabilities: np.maximum(probabilities, 1 - probabilities),
        decide=lambda probabilities, threshold: (probabilities > threshold).astype(np.int64),
        losses=_sigmoid_losses,
        inverse=lambda often: _log_odds(np.clip(often, CLIP, 1 - CLIP)),
    ),
}


def probabilities_of(task: Task, logits: Float[np.ndarray, "*rows k"]) -> Float[np.ndarray, "*rows k"]:
    """Probability of each output: sigmoid of each logit, or softmax over the classes of a multiclass task.

    Args:
        task: Its outputs are the last axis.
        logits: Floats of any width; infinite ones say 0 or 1, several of +inf in a row share it.

    Returns:
        float64, NaN where a logit is NaN.
    """
    return LINKS[task.link].probabilities(np.clip(logits.astype(np.float64), -LARGEST, LARGEST))


def decisions(
    task: Task, probabilities: Float[np.ndarray, "*rows k"], threshold: Threshold = None
) -> Int[np.ndarray, "..."]:
    """Class numbers (binary, multiclass: without the last axis) or 0 and 1 for each label (multilabel).

    A probability above the threshold says 1; of several classes the most probable, of equal ones the first.

    Args:
        task: A multiclass task has no threshold.
        probabilities: What `probabilities_of` returns.
        threshold: One number, or one for each label; None for 0.5.
    """
    cut = np.asarray(DEFAULT if threshold is None else threshold)
    decided = LINKS[task.link].decide(probabilities, cut)
    return decided if task.several else decided[..., 0]


def right_decisions(
    task: Task, labels: Labels, probabilities: Float[np.ndarray, "*s n k"]
) -> Bool[np.ndarray, "*s n q"]:
    """Whether each decision of each row is right, at 0.5; q is the number of decisions in a row."""
    right = np.asarray(decisions(task, probabilities) == labels)
    return right if task.several else right[..., None]


def row_losses(task: Task, labels: Labels, logits: Float[np.ndarray, "n k"]) -> Float[np.ndarray, " n"]:
    """Cross-entropy of each row in nats, float64: what training makes small, infinite where 0 came true.

    A multilabel row's loss is the mean over its labels, as in Keras.
    """
    return LINKS[task.link].losses(logits.astype(np.float64), labels.reshape(len(labels), -1))


def belongs(task: Task, labels: Labels) -> Bool[np.ndarray, "n c"]:
    """Which row has which class: both classes of a binary task, every class or label of another."""
    return np.asarray(labels == 1 if task.several else labels[:, None] == np.arange(len(task.classes)))


def targets(task: Task, labels: Labels) -> Bool[np.ndarray, "n o"]:
    """Which row should have which output high: `belongs`, of a binary task class 1 alone."""
    return belongs(task, labels)[:, -task.outputs :]


def choose_thresholds(task: Task, labels: Labels, probabilities: Float[np.ndarray, "s n k"]) -> Threshold:
    """Thresholds of a head, one for all its seeds: a float (binary), one for each label (multilabel), or None.

    The seeds' rows are pooled, so that a threshold serves a head trained anew, too.

    Args:
        task: A multiclass task takes the most probable class and has no threshold.
        labels: Labels of the validation rows; never of the test rows.
        probabilities: Probabilities of at least one seed, none of them NaN.
    """
    if task.link == "softmax":
        return None
    truth = labels.reshape(-1, task.outputs)
    chosen = [
        best_threshold(np.tile(truth[:, k], len(probabilities)), probabilities[..., k].ravel())
        for k in range(task.outputs)
    ]
    return chosen if task.several else chosen[0]


def best_threshold(labels: Int[np.ndarray, " n"], probabilities: Float[np.ndarray, " n"]) -> float:
    """Threshold in [0, 1) with the highest F1 of class 1, halfway between two probabilities that occur.

    Of several equally good ones it is the nearest to 0.5; 0.5 where no label is 1.
    """
    if not labels.any():
        return DEFAULT
    order = np.argsort(-probabilities, kind="stable")
    levels, hits = probabilities[order], labels[order].cumsum()
    ends = np.flatnonzero(np.append(levels[1:] < levels[:-1], levels[-1] > 0))
    if len(ends) == 0:  # nothing but zeros
        return DEFAULT
    cuts = _between(levels, ends)
    f1 = 2 * hits[ends] / (ends + 1 + hits[-1])
    best = cuts[f1 == f1.max()]
    return float(best[np.argmin(np.abs(best - DEFAULT))])


def _between(levels: Float[np.ndarray, " n"], ends: Int[np.ndarray, " m"]) -> Float[np.ndarray, " m"]:
    """Cuts just below falling levels; two neighbouring floats have no middle, so the lower one is the cut."""
    upper, lower = levels[ends], np.append(levels, 0.0)[ends + 1]
    middle = lower + (upper - lower) / 2
    return np.asarray(np.where(middle < upper, middle, lower))
