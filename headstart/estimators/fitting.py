"""One head trained on rows in memory by the engine of the comparison, and what it says of others."""

import functools
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Float64, Int

from headstart.cache.task import Task
from headstart.heads.fused.fused_heads import groups_of
from headstart.heads.modules import init
from headstart.heads.pooling import POOLED
from headstart.heads.registry import MixHead, PoolingHead
from headstart.heads.spec import HeadSpec
from headstart.train.engine.compiled_epochs import CompiledEpochs, stack
from headstart.train.engine.history import HeadSeed
from headstart.train.engine.loss import ClassWeights
from headstart.train.engine.settings import TrainingSettings
from headstart.train.engine.trainer import Trainer, predict
from headstart.train.feeds.feed import DeviceFeed
from headstart.train.feeds.sampler import FeedSpec
from headstart.train.feeds.table import Table, padded
from headstart.train.options import ComparisonSettings
from headstart.train.results.provenance import choose_operands
from headstart.training import to_train

LEAST = 256
"""Rows and tokens of the smallest table: smaller ones are filled up, so that few are compiled for."""


@dataclass(frozen=True, eq=False)
class ArraySplit:
    """Rows in memory, see `train.data.split.Split`.

    Attributes:
        vectors: Of each row the tokens of one layer, or the three pooled vectors of some layers, one after another.
        labels: Number of each row's class, int32.
        tokens: Whether they are tokens.
    """

    vectors: Sequence[Float[np.ndarray, "k d"]]
    labels: Int[np.ndarray, " b"]
    tokens: bool

    @functools.cached_property
    def lengths(self) -> Int[np.ndarray, " b"]:
        """Tokens of each row, int32; 1 where they are not there."""
        return np.array([len(row) if self.tokens else 1 for row in self.vectors], np.int32)

    @functools.cached_property
    def hidden(self) -> Float[np.ndarray, "n d"]:
        """All tokens, row after row; none where they are not there."""
        return np.concatenate(list(self.vectors) if self.tokens else [np.empty((0, self.width))])

    @functools.cached_property
    def layers(self) -> Float[np.ndarray, "b m 3 d"]:
        """Pooled vectors of each layer; none where the rows are tokens."""
        if self.tokens:
            return np.empty((len(self.vectors), 1, len(POOLED), 0))
        return np.asarray(self.vectors).reshape(len(self.vectors), -1, len(POOLED), self.width)

    @property
    def pooled(self) -> Float[np.ndarray, "b 3 d"]:
        """Pooled vectors of the last layer."""
        return self.layers[:, -1]

    @property
    def rows(self) -> Int[np.ndarray, " b"]:
        """Number of each row."""
        return np.arange(len(self.labels))

    @property
    def texts(self) -> list[str]:
        """None are held."""
        return []

    @property
    def width(self) -> int:
        """Size d of a vector."""
        return int(self.vectors[0].shape[-1])

    @property
    def itemsize(self) -> int:
        """Bytes of one number."""
        return self.vectors[0].itemsize

    def read(self, field: str, start: int, stop: int) -> Float[np.ndarray, "n ..."]:
        """Rows `start` to `stop` of `pooled` or `layers`."""
        values: np.ndarray = getattr(self, field)[start:stop]
        return values


class SharedEpochs(CompiledEpochs):
    """Epochs whose tables are filled up to a few sizes, so that the folds of a cross-validation share programs."""

    def place(self, table: Table) -> Table:
        """A table on all devices."""
        tokens = 0 if table.hidden is None else round_up(len(table.hidden))
        return super().place(padded(table, tokens, round_up(len(table.labels))))


def round_up(size: int) -> int:
    """The next size of a table: at most a quarter larger, beyond the smallest."""
    step = max(LEAST, 1 << max(size - 1, 0).bit_length() >> 3)
    return max(-(-size // step) * step, LEAST)


class HeadOnRows(NamedTuple):
    """What is trained, and on what.

    Attributes:
        spec: The head.
        states: The encoder's states whose pooled vectors the rows have.
        longest: Most tokens that a row can have.
        task: What the labels say.
    """

    spec: HeadSpec
    states: Sequence[int]
    longest: int
    task: Task

    def epochs(self, class_weights: ClassWeights) -> SharedEpochs:
        """Compiled for this head, perhaps by an earlier one of its kind."""
        weights = None if class_weights is None else tuple(class_weights.tolist())
        return shared_epochs(self.spec, self.longest, weights)


@functools.lru_cache(maxsize=32)
def shared_epochs(spec: HeadSpec, longest: int, class_weights: tuple[float, ...] | None) -> SharedEpochs:
    """Epochs that the whole process shares."""
    operands = choose_operands(ComparisonSettings())
    return SharedEpochs(
        groups_of([spec], longest, operands),
        seeds=1,
        vmapped=None if spec.reads_tokens else True,
        tokens_as_bfloat16=operands == "bfloat16",
        class_weights=None if class_weights is None else np.array(class_weights, np.float32),
    )


class FittedHead(NamedTuple):
    """What training left, in NumPy's arrays.

    Attributes:
        params: Parameters of the best epoch, for vectors as they are.
        history: What happened in each epoch, see `train.engine.history.EpochRecord`.
        best_epoch: Number of the best epoch, counted from 1.
    """

    params: Any
    history: list[dict[str, Any]]
    best_epoch: int


class Plan(NamedTuple):
    """How a head is trained.

    Attributes:
        settings: Epochs, batches and the rule that stops.
        learning_rate: Adam's, before any cut; None takes the head's.
        seed: Decides the first parameters.
        class_weights: Weights of the classes in the training loss.
    """

    settings: TrainingSettings
    learning_rate: float | None
    seed: int
    class_weights: ClassWeights


def fit(head: HeadOnRows, splits: Mapping[str, ArraySplit], plan: Plan) -> FittedHead:
    """Train a head.

    Args:
        head: The head.
        splits: `train` to learn from; `valid` cuts the rate, ends training and picks the best epoch.
        plan: How.
    """
    spec, task = head.spec, head.task
    heads = to_train([spec], head.longest, choose_operands(ComparisonSettings()), head.states)
    heads = heads._replace(rates={spec.name: plan.learning_rate or spec.learning_rate})
    trainer = Trainer(heads, splits, plan.settings, task, head.epochs(plan.class_weights))
    width = splits["train"].width
    params = init(spec.name, spec.head, width, plan.seed, task.outputs, len(spec.layers))
    progress = trainer.train({spec.name: [params]}, None, {}, False, lambda progress, active: None)
    result = trainer.results(progress)[HeadSeed(spec.name, 0)]
    history = [record._asdict() for record in result.history]
    return FittedHead(arrays(result.best_params), history, result.best_epoch)


def arrays(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as NumPy's arrays, which any process can read."""
    return {
        name: arrays(part) if isinstance(part, Mapping) else np.array(part) for name, part in params.items()
    }


def logits_of(
    head: HeadOnRows, params: Any, vectors: Sequence[Float[np.ndarray, "k d"]]
) -> Float64[np.ndarray, "b k"]:
    """A fitted head's logits.

    Args:
        head: The head.
        params: What `fit` left.
        vectors: Of each row what it reads, see `ArraySplit`.
    """
    split = ArraySplit(vectors, np.zeros(len(vectors), np.int32), head.spec.reads_tokens)
    if not head.spec.reads_tokens:
        return linear(head, params, split)
    epochs = head.epochs(None)
    spec = FeedSpec(tokens=True, pooled=False, batch_size=128, seeds=1, batching="bucket")
    feed = DeviceFeed(split, spec, epochs.place)
    name = head.spec.name
    logits = predict(epochs, {name: stack([params])}, feed, len(vectors))[name]
    return np.asarray(logits[0], np.float64)


def linear(head: HeadOnRows, params: Any, split: ArraySplit) -> Float64[np.ndarray, "b k"]:
    """Logits of a head on pooled vectors: each row's alone decide them, to the last bit."""
    assert isinstance(head.spec.head, PoolingHead | MixHead)
    states = [list(head.states).index(layer) for layer in head.spec.layers] or [-1]
    places = itertools.product(states, [POOLED.index(name) for name in head.spec.head.read])
    features = np.concatenate([split.layers[:, state, vector] for state, vector in places], axis=1)
    kernel, bias = (params["dense"][name].astype(np.float64) for name in ("kernel", "bias"))
    # not `@`: BLAS adds up in another order for other numbers of rows
    return np.asarray(np.einsum("bf,fk->bk", features.astype(np.float64), kernel) + bias)
