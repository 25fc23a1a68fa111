"""Any set of heads on one batch: logits of all, and gradients of all from one pass."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Float32

from headstart.heads.fused.bptt import Read, reads, walk, walk_back
from headstart.heads.fused.chunks import Rows
from headstart.heads.fused.lanes import Lane, lanes_of
from headstart.heads.pooling import POOLED
from headstart.heads.registry import HEADS, Head, PoolingHead, RecurrentHead

Params = Mapping[str, Any]

Logits = dict[str, Float32[Array, "b k"]]


@dataclass(frozen=True)
class Joint:
    """Heads that go through a batch together; hashable, so that a jitted function can take it as static.

    Attributes:
        heads: pairs of name and head, in the order of the table.
        limit: tokens of the longest row there can be.
        dtype: name of the dtype of the operands of the large matmuls, which add up in float32.
    """

    heads: tuple[tuple[str, Head], ...]
    limit: int
    dtype: str = "float32"

    @property
    def names(self) -> tuple[str, ...]:
        """The heads' names."""
        return tuple(name for name, _ in self.heads)

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The directions of all recurrent heads."""
        return lanes_of({name: head for name, head in self.heads if isinstance(head, RecurrentHead)})

    def logits(self, params: Params, rows: Rows) -> Logits:
        """Logits of every head.

        Args:
            params: of each head by name, see `heads.modules.init`.
            rows: the batch.
        """
        found = self.read(params, rows, keep=False)
        return self.classify(dense_of(params), found and reads(found, rows), rows)

    def gradient(
        self, params: Params, rows: Rows, loss: Callable[[Logits], tuple[Array, Any]]
    ) -> tuple[Params, Any]:
        """Gradient of a loss with respect to all parameters.

        Args:
            params: of each head by name.
            rows: the batch.
            loss: logits of every head -> scalar, and something to hand on.

        Returns:
            The gradient, and what the loss handed on.
        """
        found = self.read(params, rows, keep=True)
        read = found and reads(found, rows)

        def classified(dense: Params, read: Any) -> tuple[Array, Any]:
            return loss(self.classify(dense, read, rows))

        (of_dense, of_read), more = jax.grad(classified, (0, 1), has_aux=True)(dense_of(params), read)
        slopes: dict[str, dict[str, Any]] = {name: {"dense": own} for name, own in of_dense.items()}
        if found:
            weights = [params[lane.head][lane.part] for lane in self.lanes]
            back = walk_back(weights, self.lanes, rows, jnp.dtype(self.dtype), found, of_read)
            for lane, own in zip(self.lanes, back, strict=True):
                slopes[lane.head][lane.part] = own
        return slopes, more

    def read(self, params: Params, rows: Rows, keep: bool) -> Any:
        """A pass of the recurrent heads over the batch; None if there are none."""
        weights = [params[lane.head][lane.part] for lane in self.lanes]
        if not weights:
            return None
        return walk(weights, self.lanes, rows, self.limit, jnp.dtype(self.dtype), keep)

    def classify(self, dense: Params, read: tuple[Read, ...] | None, rows: Rows) -> Logits:
        """The linear classifier of every head, on what it reads."""
        pooling = {name: head for name, head in self.heads if isinstance(head, PoolingHead)}
        found = pooling_logits(pooling, dense, rows.pooled) if pooling else {}
        for name, head in self.heads:
            if isinstance(head, RecurrentHead):
                own = [one for one, lane in zip(read or (), self.lanes, strict=True) if lane.head == name]
                found[name] = inputs(head, own) @ dense[name]["kernel"] + dense[name]["bias"]
        return {name: found[name] for name in self.names}


def groups_of(names: Sequence[str], longest: int, operands: str) -> list[Joint]:
    """Pooling heads share a matmul; each recurrent head goes alone, so that its numbers depend on no other.

    Args:
        names: of heads.
        longest: tokens of the longest row.
        operands: name of the dtype of the operands of the large matmuls.
    """
    tokens = [name for name in names if HEADS[name].reads_tokens]
    pooled = [name for name in names if name not in tokens]
    together = [group for group in (pooled, *([name] for name in tokens)) if group]
    return [Joint(tuple((name, HEADS[name]) for name in own), longest, operands) for own in together]


def pooling_logits(heads: Mapping[str, PoolingHead], dense: Params, pooled: Float[Array, "b 3 d"]) -> Logits:
    """Logits of all pooling heads in one matmul, where a head's kernel is zero at what it does not read."""
    outputs = [dense[name]["bias"].shape[0] for name in heads]
    kernels = jnp.concatenate([rows_of(head, dense[name]["kernel"]) for name, head in heads.items()])
    vectors = pooled.reshape(pooled.shape[0], -1).astype(jnp.float32)
    # logits as rows: the gradient of the kernels is then [few, 3d], 16 x faster on a CPU than [3d, few]
    together = jnp.split(jnp.einsum("kf,bf->kb", kernels, vectors), list(accumulate(outputs))[:-1])
    return {name: own.T + dense[name]["bias"] for name, own in zip(heads, together, strict=True)}


def rows_of(head: PoolingHead, kernel: Float32[Array, "f k"]) -> Float32[Array, "k g"]:
    """A kernel over all of `POOLED`, transposed, from one over what the head reads."""
    parts: dict[str, Array] = dict(zip(head.read, jnp.split(kernel.T, len(head.read), axis=1), strict=True))
    nothing = jnp.zeros_like(parts[head.read[0]])
    return jnp.concatenate([parts.get(name, nothing) for name in POOLED], axis=1)


def inputs(head: RecurrentHead, own: Sequence[Read]) -> Float32[Array, "b f"]:
    """What the classifier of a recurrent head reads of its lanes."""
    parts = (
        [read.mean for read in own] + [read.max for read in own]
        if head.pooled
        else [read.last for read in own]
    )
    return jnp.concatenate(parts, axis=-1)


def dense_of(params: Params) -> Params:
    """The parameters of the classifiers alone."""
    return {name: own["dense"] for name, own in params.items()}
