"""What training left, before it is judged."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from train.fit import FitResult, Lane, Progress
from train.floors import Floor
from train.job import Job
from train.outcome import Logits
from train.some_rows import Readable


class TrainedHeads(NamedTuple):
    """Heads that were trained on all rows, or on a fold.

    Attributes:
        splits: `train`, `valid` and `test`.
        job: heads and features.
        progress: after the last epoch.
        fitted: of each head and seed.
        logits: of `valid` and `test`, by head.
        floors: what heads must beat.
        seconds: wall clock of the training.
    """

    splits: dict[str, Readable]
    job: Job
    progress: Progress
    fitted: dict[Lane, FitResult]
    logits: Mapping[str, Logits]
    floors: Sequence[Floor]
    seconds: float
