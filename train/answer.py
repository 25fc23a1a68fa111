"""One trained head applied to chunks of features, in the arithmetic in which it was trained."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Float32, Int, PyTree

from train.joint import Group
from train.seeds import bfloat16_bits
from train.table import Table, batch_of
from train.wanted import Wanted, gathered, padded


class Chunk(NamedTuple):
    """Features of some rows, see `train.batches.Features`."""

    hidden: Any  # None where there are only pooled vectors
    lengths: Int[np.ndarray, " b"]
    labels: Int[np.ndarray, " b"]
    pooled: Float[np.ndarray, "b 3 d"]


class Answerer:
    """Compiled once for chunks of so many rows and tokens, whatever a chunk holds.

    Args:
        group: of one head.
        params: of that head by name.
        tokens: the head reads hidden states; else it reads pooled vectors.
        halves: hidden states are multiplied in bfloat16.
        rows: of a chunk, at most.
        longest: tokens of a row, at most.
    """

    def __init__(
        self, group: Group, params: Mapping[str, PyTree], tokens: bool, halves: bool, rows: int, longest: int
    ) -> None:
        self._wanted = Wanted(tokens, not tokens, rows, 1, "exact")
        self._rows, self._tokens, self._halves = rows, rows * longest, halves and tokens
        self._params = jax.device_put(dict(params), jax.local_devices()[0])
        (self._name,) = group.names
        self._run = jax.jit(lambda params, table: group.logits(params, batch_of(table, jnp.arange(rows))))

    def logits(self, chunk: Chunk) -> Float32[np.ndarray, "b k"]:
        """Logits of a chunk's rows."""
        count = len(chunk.lengths)
        table: Any = padded(gathered(chunk, None, self._wanted), self._tokens, self._rows)
        placed: Table = jax.device_put(table, jax.local_devices()[0])
        if self._halves:
            placed = placed._replace(hidden=bfloat16_bits(placed.hidden))
        return np.asarray(self._run(self._params, placed)[self._name])[:count]
