"""Any set of heads on one batch: logits of all, and gradients of all from one pass."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float32

from heads.chunks import Rows
from heads.lanes import Lane, lanes_of
from heads.pooling import select
from heads.registry import Head, PoolingHead, RecurrentHead
from heads.walk import Read, reads, walk, walk_back

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
            params: of each head by name, see `heads.module.init`.
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
        inputs = {name: self.inputs(name, head, read, rows) for name, head in self.heads}
        return {name: inputs[name] @ dense[name]["kernel"] + dense[name]["bias"] for name in inputs}

    def inputs(
        self, name: str, head: Head, read: tuple[Read, ...] | None, rows: Rows
    ) -> Float32[Array, "b f"]:
        """What one classifier reads."""
        if isinstance(head, PoolingHead):
            return select(rows.pooled, head.read)
        own = [one for one, lane in zip(read or (), self.lanes, strict=True) if lane.head == name]
        if head.pooled:
            return jnp.concatenate([one.mean for one in own] + [one.max for one in own], axis=-1)
        return jnp.concatenate([one.last for one in own], axis=-1)


def dense_of(params: Params) -> Params:
    """The parameters of the classifiers alone."""
    return {name: own["dense"] for name, own in params.items()}
