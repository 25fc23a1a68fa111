"""How far a training is, for a person who waits."""

import sys
from collections.abc import Sequence

from headstart.train.engine.history import HeadSeed, TrainingProgress


class EpochLine:
    """One line on standard error, redrawn on a terminal and else printed for each epoch.

    Args:
        epochs: the most there can be.
    """

    def __init__(self, epochs: int) -> None:
        self._epochs, self._terminal = epochs, sys.stderr.isatty()

    def __call__(self, progress: TrainingProgress, lanes: Sequence[HeadSeed]) -> None:
        """Take the progress after an epoch, and who took part."""
        done, seconds = len(progress.seconds), progress.seconds[-1]
        loss, name = min((progress.histories[lane][-1].valid_loss, lane[0]) for lane in lanes)
        left = (self._epochs - done) * seconds
        line = (
            f"epoch {done:>2}  {seconds:.2f} s  {len(lanes)} in training  lowest valid loss {loss:.4f} ({name})"
            f"  at most {left:,.0f} s left"
        )
        print(
            f"\r{line}\033[K" if self._terminal else line, end="" if self._terminal else "\n", file=sys.stderr
        )
