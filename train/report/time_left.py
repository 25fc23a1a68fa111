"""How long a training goes on: what the rule that ends it says at once, and what it usually comes to."""

from collections.abc import Sequence
from typing import NamedTuple

import jax

from headstart.train.engine.history import HeadSeed, History, TrainingProgress
from headstart.train.stopping import EarlyStopping


class TimeLeft(NamedTuple):
    """Seconds of the epochs that follow: as many as there usually are, and if no head stops before the last one."""

    usual: float
    most: float


def time_left(epochs: int, progress: TrainingProgress, active: Sequence[HeadSeed]) -> TimeLeft:
    """Estimate how long a training of at most so many epochs goes on.

    An epoch lasts as long as the heads in training make it; each has the share of its parameters. On 15 runs the usual
    time was within a factor of two in half of the epochs, and the longest up to 30 times what it then took.

    Args:
        epochs: Most epochs.
        progress: Where it is.
        active: Who took part in the last epoch.
    """
    left, seconds = epochs - len(progress.seconds), progress.seconds[-1]
    costs = {key: parameters(progress, key.head) for key in active}
    follow = {key: min(left, epochs_left(progress.histories[key])) for key in active}
    usual = sum(costs[key] * follow[key] for key in active) / max(1, sum(costs.values()))
    return TimeLeft(float(usual * seconds), float(left * seconds))


def parameters(progress: TrainingProgress, head: str) -> int:
    """Number of a head's parameters, of all seeds together; 1 where they are not there."""
    return sum(leaf.size for leaf in jax.tree.leaves(progress.best.get(head))) or 1


def epochs_left(history: History) -> float:
    """Epochs that usually follow: 0 for a head that has stopped.

    The rule waits so many epochs for an improvement. Until it has begun to wait, a head goes on as long as it has
    already, and the likelier it is to stop, the shorter.
    """
    rule = EarlyStopping()
    state = rule.init()
    for record in history:
        state = rule.update(state, record.valid_loss)
    if state.should_stop:
        return 0.0
    return (rule.patience - state.wait) * (1 + len(history) / rule.patience)
