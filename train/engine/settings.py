"""What a user can choose for a training run; every default is written here, once."""

from dataclasses import dataclass, field

from headstart.train.feeds.sampler import Batching
from headstart.train.plateau import ReduceLROnPlateau
from headstart.train.stopping import EarlyStopping


@dataclass(frozen=True)
class TrainingSettings:
    """Settings of one training run; the defaults are the notebook's.

    Attributes:
        epochs: Most epochs to run.
        batch_size: Rows of a step; all rows of the split if there are fewer.
        seeds: Number of seeds; each has its own initial weights and order of rows.
        batching: How training batches are formed, see `train.feeds.sampler.train_plan`.
        plateau: Rule that cuts the learning rate.
        stopping: Rule that ends training and picks the best epoch.
        memory: Where the features live: `auto`, or one of `train.feeds.memory.MODES`.
        memory_limit: Most bytes of features to hold; None takes half of what is free.
        balanced: Whether every class weighs as much in the training loss, however many rows it has.

    Raises:
        ValueError: no epochs, no rows in a batch, or no seeds.
    """

    epochs: int = 50
    batch_size: int = 128
    seeds: int = 1
    batching: Batching = "bucket"
    plateau: ReduceLROnPlateau = field(default_factory=ReduceLROnPlateau)
    stopping: EarlyStopping = field(default_factory=EarlyStopping)
    memory: str = "auto"
    memory_limit: int | None = None
    balanced: bool = False

    def __post_init__(self) -> None:
        if min(self.epochs, self.batch_size, self.seeds) < 1:
            raise ValueError(
                f"epochs is {self.epochs}, batch_size {self.batch_size} and seeds {self.seeds}; "
                "all must be at least 1"
            )
