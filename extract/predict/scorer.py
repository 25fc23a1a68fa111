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

from headstart.cache.ragged import token_places
from headstart.extract.backbone.distilbert import Backbone, Inputs
from headstart.extract.features.blocks import BlockPlan
from headstart.extract.features.compute import TokenizedRows, gather, run_ahead, stored_lengths
from headstart.extract.features.packing import PackedBatch

Head = Callable[[Any, Float[Array, "n d"], Int[Array, " b"], Int[Array, " b"]], Any]
"""From parameters, tokens of all rows, start and length of each row to arrays with an item for each row."""
FEWEST = 8
"""Fewest rows of a batch; more are a power of two, so that few programs are compiled."""


class RowPlaces(NamedTuple):
    """Start and length of a batch's rows in their device's tokens, `[devices, r]`, filled up with rows of one token."""

    starts: Int[np.ndarray, "s r"]
    lengths: Int[np.ndarray, "s r"]


class ScoringProgram:
    """One jitted function on all local devices, compiled once for each shape of batch.

    Args:
        backbone: The frozen model.
        head: A pure function.
        params: Parameters of the head.

    Attributes:
        devices: Number of devices that share a batch.
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

    def run(self, inputs: Inputs, places: RowPlaces) -> Any:
        """Start a batch and return at once: arrays `[devices * r, ...]`."""
        return self._run(self._backbone.weights, self._params, inputs, places)

    def _scores(self, weights: Any, params: Any, inputs: Inputs, places: RowPlaces) -> Any:
        # The barrier keeps the compiler from mixing the two: the hidden states are stage one's to the last bit.
        hidden = lax.optimization_barrier(self._backbone.hidden(weights, inputs))
        tokens = hidden.reshape(-1, hidden.shape[-1])
        return self._head(params, tokens, places.starts[0], places.lengths[0])


def score_rows(scorer: ScoringProgram, plan: BlockPlan, rows: TokenizedRows, layout: str) -> Any:
    """Scores of all rows of a block, in its order: outputs of the head as NumPy arrays `[b, ...]`.

    Args:
        scorer: Backbone and head.
        plan: The block's rows and their batches.
        rows: All rows.
        layout: Layout of the features that the head learnt from, see `cache.recipe.LAYOUTS`.
    """
    lengths = stored_lengths(plan, layout)

    def start(batch: PackedBatch) -> tuple[Any, Int[np.ndarray, " r"]]:
        places, slots = place_rows(batch, lengths[batch.rows], scorer.devices)
        return scorer.run(gather(batch, plan, rows), places), slots

    parts = [_scores_at(slots, scores) for _, (scores, slots) in run_ahead(plan.batches, start)]
    back = np.argsort(np.concatenate([batch.rows for batch in plan.batches]))
    return jax.tree.map(lambda *values: np.concatenate(values)[back], *parts)


def _scores_at(slots: Int[np.ndarray, " r"], scores: Any) -> Any:
    """Wait for a batch and take the real rows' scores."""
    return jax.tree.map(lambda values: np.asarray(values)[slots], scores)


def place_rows(
    batch: PackedBatch, lengths: Int[np.ndarray, " r"], devices: int
) -> tuple[RowPlaces, Int[np.ndarray, " r"]]:
    """Look up where each device finds its rows.

    Args:
        batch: A batch; as many of its sequences go to each device, in order.
        lengths: Tokens of the batch's rows.
        devices: Number of devices.

    Returns:
        The places, and the position of each row in their flat order.
    """
    share = batch.height // devices * batch.length
    owners = batch.places // share
    counts = np.bincount(owners, minlength=devices)
    size = max(FEWEST, 1 << int(counts.max() - 1).bit_length())
    order = np.argsort(owners, kind="stable")
    slots = np.empty(len(order), np.int64)
    slots[order] = token_places(np.zeros_like(counts), counts)
    places = RowPlaces(np.zeros((devices, size), np.int32), np.ones((devices, size), np.int32))
    places.starts[owners, slots], places.lengths[owners, slots] = batch.places % share, lengths
    return places, owners * size + slots
