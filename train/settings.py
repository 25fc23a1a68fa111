"""What a user can choose for the training of one head; every default is written here, once."""

from dataclasses import dataclass, field

from train.plateau import ReduceLROnPlateau
from train.stopping import EarlyStopping


@dataclass(frozen=True)
class FitSettings:
    """Settings of one training run; the defaults are the notebook's.

    Attributes:
        learning_rate: Adam's before any cut; each head brings its own.
        epochs: the most to run.
        batch_size: rows of a step; all rows of the split if there are fewer.
        seed: of the order of rows.
        plateau: cuts the learning rate.
        stopping: ends training and picks the best epoch.

    Raises:
        ValueError: no epochs, or no rows in a batch.
    """

    learning_rate: float
    epochs: int = 50
    batch_size: int = 128
    seed: int = 0
    plateau: ReduceLROnPlateau = field(default_factory=ReduceLROnPlateau)
    stopping: EarlyStopping = field(default_factory=EarlyStopping)

    def __post_init__(self) -> None:
        if min(self.epochs, self.batch_size) < 1:
            raise ValueError(
                f"epochs is {self.epochs} and batch_size {self.batch_size}; both must be at least 1"
            )
