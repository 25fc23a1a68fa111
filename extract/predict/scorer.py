"""Backbone and head in one program: token ids go in, a few numbers for each row come out.

Hidden states never leave the device. Batches are stage one's own, so what the head reads is what it learnt from.
"""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax import lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Int

from headstart.extract.backbone.distilbert import Backbone, Inputs
from headstart.extract.features.blocks import BlockPlan
from headstart.extract.features.compute import TokenizedRows, gather, run_ahead, stored_lengths
from headstart.extract.features.packing import PackedBatch
from headstart.extract.features.places import place_rows

Head = Callable[..., Any]
"""From parameters and a batch's features to arrays with an item for each of r rows.

The features are tokens of all rows `[n, d]`, start and length of each row; or, where the backbone pools layers,
`[r, m, 3, d]` alone.
"""


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
            self._scores, mesh=mesh, in_specs=(whole, whole, share), out_specs=share, check_vma=False
        )
        self._run: Any = jax.jit(each, compiler_options=backbone.compiler_options)

    @property
    def programs(self) -> int:
        """Shapes of batches that were compiled so far."""
        return int(self._run._cache_size())

    def run(self, inputs: Inputs) -> Any:
        """Start a batch, with the places of its rows, and return at once: arrays `[devices * r, ...]`."""
        return self._run(self._backbone.weights, self._params, inputs)

    def _scores(self, weights: Any, params: Any, inputs: Inputs) -> Any:
        assert inputs.starts is not None
        assert inputs.lengths is not None
        hidden, layers = self._backbone.encode(weights, inputs)
        # The barriers keep the compiler from mixing the two: the features are stage one's to the last bit.
        if layers is not None:
            return self._head(params, lax.optimization_barrier(layers))
        tokens = lax.optimization_barrier(hidden).reshape(-1, hidden.shape[-1])
        return self._head(params, tokens, inputs.starts[0], inputs.lengths[0])


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
        inputs = gather(batch, plan, rows)._replace(starts=places.starts, lengths=places.lengths)
        return scorer.run(inputs), slots

    parts = [_scores_at(slots, scores) for _, (scores, slots) in run_ahead(plan.batches, start)]
    back = np.argsort(np.concatenate([batch.rows for batch in plan.batches]))
    return jax.tree.map(lambda *values: np.concatenate(values)[back], *parts)


def _scores_at(slots: Int[np.ndarray, " r"], scores: Any) -> Any:
    """Wait for a batch and take the real rows' scores."""
    return jax.tree.map(lambda values: np.asarray(values)[slots], scores)
