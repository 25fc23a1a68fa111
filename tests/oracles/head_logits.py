"""A head by itself, as a pure function of a padded batch: the Flax module that says what the head is."""

from collections.abc import Callable
from typing import Any, cast

from jax import Array
from jaxtyping import Float32

from headstart.heads.modules import build
from headstart.heads.registry import Head


def logits_of(head: Head, outputs: int = 1) -> Callable[[Any, Any], Float32[Array, "b k"]]:
    """The head as a function `(params, batch) -> logits [b, outputs]` for jit, grad and vmap.

    Pooling heads read only `batch.pooled [b, 3, d]`; recurrent heads only `batch.hidden [b, t, d]` and
    `batch.mask [b, t]`.
    """
    module = build(head, outputs)

    def logits(params: Any, batch: Any) -> Float32[Array, "b k"]:
        if head.reads_tokens:
            return cast(Array, module.apply({"params": params}, batch.hidden, batch.mask))
        return cast(Array, module.apply({"params": params}, batch.pooled, method="classify"))

    return logits
