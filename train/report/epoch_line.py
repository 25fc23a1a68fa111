"""How far a training is, for a person who waits."""

from collections.abc import Sequence

from headstart.cache.runtime.progress import draw_line
from headstart.train.engine.loop import Lane, Progress


class EpochLine:
    """One line on standard error, redrawn on a terminal and else printed for each epoch.

    Args:
        epochs: the most there can be.
    """

    def __init__(self, epochs: int) -> None:
        self._epochs = epochs

    def __call__(self, progress: Progress, lanes: Sequence[Lane]) -> None:
        """Take the progress after an epoch, and who took part."""
        done, seconds = len(progress.seconds), progress.seconds[-1]
        loss, name = min((progress.histories[lane][-1].valid_loss, lane[0]) for lane in lanes)
        left = (self._epochs - done) * seconds
        line = (
            f"epoch {done:>2}  {seconds:.2f} s  {len(lanes)} in training  lowest valid loss {loss:.4f} ({name})"
            f"  at most {left:,.0f} s left"
        )
        draw_line(line)
