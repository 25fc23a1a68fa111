"""Seeds side by side: compiled passes over chunks, spread over the local devices."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Float32, Int, PyTree, UInt16

from headstart.train.engine.steps import (
    ROWS,
    ClassWeights,
    Flags,
    Group,
    Rates,
    States,
    eval_steps,
    logit_steps,
    train_steps,
)
from headstart.train.engine.sums import Sums
from headstart.train.feeds.table import Chunk, Table, fill

SEEDS = PartitionSpec("seeds")
BATCHES = PartitionSpec("seeds", None, ROWS)


class Passes:
    """The two passes of a comparison, compiled when first needed; every leaf's first axis is the seed.

    Args:
        groups: all heads.
        seeds: how many.
        devices: to spread the seeds over; the local ones by default.
        together: seeds advance under one `vmap`. Else they follow one another, so that a head which has stopped
            is skipped: under `vmap` both sides of a condition are computed. By default only on accelerators,
            where many small kernels cost more than what is skipped.
        halves: `place` makes bfloat16 of tokens, once for all steps, and hands out its bits, see
            `heads.fused.chunks.Rows`. Else they stay as they are stored.
        class_weights: of the training loss, see `train.engine.loss.cross_entropy`.
    """

    def __init__(
        self,
        groups: Sequence[Group],
        seeds: int,
        devices: Sequence[jax.Device] | None = None,
        together: bool | None = None,
        halves: bool = False,
        class_weights: ClassWeights = None,
    ) -> None:
        found = list(devices or jax.local_devices())
        on_cpu = found[0].platform == "cpu"
        # equal shares: lanes that nobody asked for would have to be invented
        apart = next(n for n in range(min(len(found), seeds), 0, -1) if seeds % n == 0)
        shares = len(found) // apart if on_cpu else 1
        self.mesh = Mesh(np.array(found[: apart * shares]).reshape(apart, shares), ("seeds", ROWS))
        self.together = not on_cpu if together is None else together
        self.compile_seconds = 0.0
        self._halves = halves
        self._train = self._jit(partial(train_steps, groups, class_weights), "tsbnra", donate=1)
        self._eval = self._jit(partial(eval_steps, groups), "tsbna")
        self._logits = self._jit(partial(logit_steps, groups), "tsb", out=BATCHES)
        self._compiled = dict[Any, Any]()

    def train(
        self, states: States, chunk: Chunk, rates: Rates, active: Flags
    ) -> tuple[States, dict[str, Sums]]:
        """Take a chunk's steps; the states given are used up."""
        found = self._run(
            self._train, chunk.table, states, self._dealt(chunk), np.int32(chunk.steps), rates, active
        )
        return found  # type: ignore[no-any-return]

    def evaluate(self, params: Mapping[str, PyTree], chunk: Chunk, active: Flags) -> dict[str, Sums]:
        """Sums over a chunk's rows."""
        found = self._run(self._eval, chunk.table, params, self._dealt(chunk), np.int32(chunk.steps), active)
        return found  # type: ignore[no-any-return]

    def logits(
        self, params: Mapping[str, PyTree], chunk: Chunk
    ) -> tuple[Int[np.ndarray, "s n b"], dict[str, Float32[np.ndarray, "s n b k"]]]:
        """Logits of every head for a chunk's rows.

        Returns:
            Places in the table, -1 where a row only fills up, and the logits of the rows there.
        """
        dealt = self._dealt(chunk)
        return dealt, jax.device_get(self._run(self._logits, chunk.table, params, dealt))

    def place(self, table: Table) -> Table:
        """A table on all devices of the mesh."""
        placed: Table = jax.device_put(table, NamedSharding(self.mesh, PartitionSpec()))
        if placed.hidden is None or not self._halves:
            return placed
        return placed._replace(hidden=bfloat16_bits(placed.hidden))

    def spread(self, tree: PyTree) -> PyTree:
        """Leaves whose first axis is the seed, each share on its device."""
        return jax.device_put(tree, NamedSharding(self.mesh, SEEDS))

    def _dealt(self, chunk: Chunk) -> Int[np.ndarray, "s n b"]:
        """Batches whose rows are dealt out to the devices that share them, so that all get long and short ones."""
        shares = self.mesh.shape[ROWS]
        seeds, steps, rows = chunk.batches.shape
        full = fill(chunk.batches, -(-rows // shares) * shares, axis=2)
        return full.reshape(seeds, steps, -1, shares).swapaxes(2, 3).reshape(seeds, steps, -1)

    def _jit(
        self, one_seed: Callable[..., Any], arguments: str, donate: int | None = None, out: Any = SEEDS
    ) -> Any:
        """Compile for many seeds a function of one; letters say which arguments all seeds share (t, n)."""
        shared = [letter in "tn" for letter in arguments]
        vmap: Any = jax.vmap
        scan_map: Any = lax.map

        def with_shared(given: Sequence[Any], own: Sequence[Any]) -> list[Any]:
            return [g if s else o for g, o, s in zip(given, own, shared, strict=True)]

        def many(*given: Any) -> Any:
            if self.together:
                return vmap(one_seed, [None if s else 0 for s in shared])(*given)
            own = [None if s else value for value, s in zip(given, shared, strict=True)]
            return scan_map(lambda own: one_seed(*with_shared(given, own)), own)

        specs = tuple(
            {"b": BATCHES}.get(letter, PartitionSpec() if letter in "tn" else SEEDS) for letter in arguments
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
