"""Backbone and head in one program: token ids go in, a few numbers for each row come out.

Hidden states never leave the device. Batches are stage one's own, so what the head reads is what it learnt from.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import Array, lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Float, Int

from headstart.extract.backbone.distilbert import Backbone, Inputs
from headstart.extract.dataset.dataset import Dataset
from headstart.extract.features.blocks import BlockPlan
from headstart.extract.features.compute import gather, stored_lengths
from headstart.extract.features.packing import Batch
from headstart.extract.text.tokenizer import Tokens

Head = Callable[[Any, Float[Array, "n d"], Int[Array, " b"], Int[Array, " b"]], Any]
"""Parameters, tokens of all rows, where each row starts, how many tokens it has -> arrays with an item for each row."""
FEWEST = 8  # rows of a batch; more are a power of two, so that few programs are compiled


class Places(NamedTuple):
    """Where the rows of a batch lie in their device's tokens; `[devices, r]`, filled up with rows of one token."""

    starts: Int[np.ndarray, "s r"]
    lengths: Int[np.ndarray, "s r"]


class Scorer:
    """One jitted function on all local devices, compiled once for each shape of batch.

    Args:
        backbone: the frozen model.
        head: a pure function.
        params: of the head.

    Attributes:
        devices: how many share a batch.
    """

    def __init__(self, backbone: Backbone, head: Head, params: Any) -> None:
        self._backbone, self._head = backbone, head
        self.devices = len(backbone.devices)
        mesh = Mesh(np.array(backbone.devices), ("devices",))
        self._params = jax.device_put(params, NamedSharding(mesh, PartitionSpec()))
        whole, share = PartitionSpec(), PartitionSpec("devices")
        each: Any = jax.shard_map(
            self._scores, mesh=mesh, in_specs=(whole, whole, share, share), out_specs=share, check_vma=False
        )
        self._run: Any = jax.jit(each, compiler_options=backbone.compiler_options)

    @property
    def programs(self) -> int:
        """Shapes of batches that were compiled so far."""
        return int(self._run._cache_size())

    def run(self, inputs: Inputs, places: Places) -> Any:
        """Start a batch and return at once: arrays `[devices * r, ...]`."""
        return self._run(self._backbone.weights, self._params, inputs, places)

    def _scores(self, weights: Any, params: Any, inputs: Inputs, places: Places) -> Any:
        # The barrier keeps the compiler from mixing the two: the hidden states are stage one's to the last bit.
        hidden = lax.optimization_barrier(self._backbone.hidden(weights, inputs))
        tokens = hidden.reshape(-1, hidden.shape[-1])
        return self._head(params, tokens, places.starts[0], places.lengths[0])


def score_rows(scorer: Scorer, plan: BlockPlan, tokens: Tokens, about: Dataset, layout: str) -> Any:
    """Scores of all rows of a block, in its order: what the head returns, as NumPy arrays `[b, ...]`.

    Args:
        scorer: backbone and head.
        plan: the rows and their batches.
        tokens: of all rows.
        about: all rows.
        layout: of the features that the head learnt from, see `cache.layout`.
    """
    lengths = stored_lengths(plan, layout)
    order, parts, running = [], [], []
    for batch in plan.batches:
        places, slots = deal(batch, lengths[batch.rows], scorer.devices)
        order.append(batch.rows)
        running.append((scorer.run(gather(batch, plan, tokens, about), places), slots))
        if len(running) > 1:  # one batch ahead: the device computes while the host copies
            parts.append(_taken(*running.pop(0)))
    parts.extend(_taken(*last) for last in running)
    back = np.argsort(np.concatenate(order))
    return jax.tree.map(lambda *own: np.concatenate(own)[back], *parts)


def _taken(scores: Any, slots: Int[np.ndarray, " r"]) -> Any:
    """Wait for a batch and take the real rows' scores."""
    return jax.tree.map(lambda values: np.asarray(values)[slots], scores)


def deal(batch: Batch, lengths: Int[np.ndarray, " r"], devices: int) -> tuple[Places, Int[np.ndarray, " r"]]:
    """Say where each device finds its rows.

    Args:
        batch: its sequences are dealt to the devices in order.
        lengths: of the batch's rows.
        devices: how many.

    Returns:
        The places, and the position of each row in their flat order.
    """
    share = batch.height // devices * batch.length
    owners = batch.places // share
    counts = np.bincount(owners, minlength=devices)
    size = max(FEWEST, 1 << int(counts.max() - 1).bit_length())
    order = np.argsort(owners, kind="stable")
    slots = np.empty(len(order), np.int64)
    slots[order] = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    starts, own = np.zeros((devices, size), np.int32), np.ones((devices, size), np.int32)
    starts[owners, slots], own[owners, slots] = batch.places % share, lengths
    return Places(starts, own), owners * size + slots
