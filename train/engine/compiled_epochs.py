"""Seeds side by side: epochs compiled over chunks, spread over the local devices."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Float32, Int, PyTree, UInt16

from headstart.train.engine.adam import ROWS, Flags, Rates, States
from headstart.train.engine.lane_steps import LaneGroup
from headstart.train.engine.loss import ClassWeights, Sums
from headstart.train.engine.steps import Group, HeadSteps
from headstart.train.feeds.table import EpochChunk, Table, fill

SEEDS = PartitionSpec("seeds")
BATCHES = PartitionSpec("seeds", None, ROWS)
DEALT = PartitionSpec("seeds", None, None, ROWS)


class CompiledEpochs:
    """Training, evaluation and logits of a comparison, compiled when first needed; every leaf's first axis is the seed.

    Args:
        groups: All heads.
        seeds: Number of seeds; they are spread over the local devices.
        vmapped: Whether seeds advance under one `vmap`. Else they follow one another, so that a head which has stopped
            is skipped: under `vmap` both sides of a condition are computed. None: only on accelerators,
            where many small kernels cost more than what is skipped.
        tokens_as_bfloat16: Whether `place` makes bfloat16 of tokens, once for all steps, and hands out its bits, see
            `heads.fused.chunks.RaggedRows`. Else they stay as they are stored.
        class_weights: Weights of the classes in the training loss.
    """

    def __init__(
        self,
        groups: Sequence[Group | LaneGroup],
        seeds: int,
        vmapped: bool | None = None,
        tokens_as_bfloat16: bool = False,
        class_weights: ClassWeights = None,
    ) -> None:
        devices = jax.local_devices()
        on_cpu = devices[0].platform == "cpu"
        # equal shares: seeds that nobody asked for would have to be invented
        apart = next(n for n in range(min(len(devices), seeds), 0, -1) if seeds % n == 0)
        shares = len(devices) // apart if on_cpu else 1
        self.mesh = Mesh(np.array(devices[: apart * shares]).reshape(apart, shares), ("seeds", ROWS))
        self.vmapped = not on_cpu if vmapped is None else vmapped
        self.compile_seconds = 0.0
        self._tokens_as_bfloat16 = tokens_as_bfloat16
        steps = HeadSteps(groups, class_weights)
        self._train = self._jit(steps.train, "tsdnra", donate=1)
        self._evaluate = self._jit(steps.evaluate, "tsbna")
        self._logits = self._jit(steps.logits, "tsb", out=BATCHES)
        self._compiled = dict[Any, Any]()

    def train(
        self, states: States, chunk: EpochChunk, rates: Rates, active: Flags
    ) -> tuple[States, dict[str, Sums]]:
        """Take a chunk's steps; the states passed in are used up."""
        arguments = chunk.table, states, self._interleaved(chunk), np.int32(chunk.steps), rates, active
        return self._run(self._train, *arguments)  # type: ignore[no-any-return]

    def evaluate(self, params: Mapping[str, PyTree], chunk: EpochChunk, active: Flags) -> dict[str, Sums]:
        """Sums over a chunk's rows."""
        arguments = chunk.table, params, self._interleaved(chunk)[:, :, 0], np.int32(chunk.steps), active
        return self._run(self._evaluate, *arguments)  # type: ignore[no-any-return]

    def logits(
        self, params: Mapping[str, PyTree], chunk: EpochChunk
    ) -> tuple[Int[np.ndarray, "s n b"], dict[str, Float32[np.ndarray, "s n b k"]]]:
        """Logits of every head for a chunk's rows.

        Returns:
            Places in the table, -1 where a row only fills up, and the logits of the rows there.
        """
        batches = self._interleaved(chunk)[:, :, 0]
        return batches, jax.device_get(self._run(self._logits, chunk.table, params, batches))

    def place(self, table: Table) -> Table:
        """A table on all devices of the mesh."""
        placed: Table = jax.device_put(table, NamedSharding(self.mesh, PartitionSpec()))
        if placed.hidden is None or not self._tokens_as_bfloat16:
            return placed
        return placed._replace(hidden=bfloat16_bits(placed.hidden))

    def spread(self, tree: PyTree) -> PyTree:
        """Leaves whose first axis is the seed, each share on its device."""
        return jax.device_put(tree, NamedSharding(self.mesh, SEEDS))

    def _interleaved(self, chunk: EpochChunk) -> Int[np.ndarray, "s n h b"]:
        """Batches of each deal, whose rows the devices share in turns, so that all get long and short ones."""
        shares = self.mesh.shape[ROWS]
        each = (*chunk.batches.shape[:2], chunk.deals, -1)
        dealt = chunk.batches.reshape(each)
        full = fill(dealt, -(-dealt.shape[3] // shares) * shares, axis=3)
        return full.reshape(*each, shares).swapaxes(3, 4).reshape(each)

    def _jit(
        self, one_seed: Callable[..., Any], letters: str, donate: int | None = None, out: Any = SEEDS
    ) -> Any:
        """Compile for many seeds a function of one; letters say which arguments all seeds share (t, n)."""
        shared = [letter in "tn" for letter in letters]
        vmap: Any = jax.vmap
        scan_map: Any = lax.map

        def many(*arguments: Any) -> Any:
            if self.vmapped:
                return vmap(one_seed, [None if s else 0 for s in shared])(*arguments)

            def one(of_seed: Sequence[Any]) -> Any:
                return one_seed(*(a if s else o for a, o, s in zip(arguments, of_seed, shared, strict=True)))

            return scan_map(one, [None if s else a for a, s in zip(arguments, shared, strict=True)])

        specs = tuple(
            {"b": BATCHES, "d": DEALT}.get(letter, PartitionSpec() if letter in "tn" else SEEDS)
            for letter in letters
        )
        shard_map: Any = jax.shard_map
        sharded = shard_map(many, mesh=self.mesh, in_specs=specs, out_specs=out, check_vma=False)
        jit: Any = jax.jit
        return jit(sharded, donate_argnums=() if donate is None else donate)

    def _run(self, function: Any, *arguments: Any) -> Any:
        """Call a function, which is compiled apart the first time so that the compilation can be timed."""
        kinds = jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype.name), arguments)
        key = function, str(kinds)
        if key not in self._compiled:
            start = time.perf_counter()
            self._compiled[key] = function.lower(*arguments).compile()
            self.compile_seconds += time.perf_counter() - start
        return self._compiled[key](*arguments)


@jax.jit
def bfloat16_bits(tokens: Array) -> UInt16[Array, "n d"]:
    """Tokens as bfloat16, each in the 16 bits of an integer."""
    return lax.bitcast_convert_type(tokens.astype(jnp.bfloat16), jnp.uint16)


def of_seed(tree: PyTree, seed: int) -> PyTree:
    """One seed's share, on the host."""
    return jax.tree.map(lambda leaf: np.asarray(leaf[seed]), tree)


def stack(trees: Sequence[PyTree]) -> PyTree:
    """The seeds' trees as one whose leaves have the seed in front."""
    return jax.tree.map(lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves]), *trees)
