"""Dropout masks drawn for each row alone, so that neither batches nor devices nor padding change it.

`extract.backbone.distilbert` puts `interceptor` in the place of the stock model's own draws, which are one for a
whole batch.
"""

import itertools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Float, Int, Key


def interceptor(seed: int, noise: Int[Array | np.ndarray, "b 2"]) -> Any:
    """Draw for every `nn.Dropout` of the model.

    Args:
        seed: Seed of all views.
        noise: View and row of each sequence.
    """
    keys = row_keys(seed, noise)
    sites = itertools.count()  # the model calls its dropouts in a fixed order

    def intercept(stock_method: Any, arguments: Any, options: Any, context: Any) -> Any:
        if not isinstance(context.module, nn.Dropout) or context.method_name != "__call__":
            return stock_method(*arguments, **options)
        site_keys = jax.vmap(jax.random.fold_in, (0, None))(keys, next(sites))
        return drop(arguments[0], context.module.rate, site_keys)

    return intercept


def row_keys(seed: int, noise: Int[Array | np.ndarray, "b 2"]) -> Key[Array, " b"]:
    """A key for each sequence."""
    start = jax.random.key(seed, impl="threefry2x32")
    return jax.vmap(lambda pair: jax.random.fold_in(jax.random.fold_in(start, pair[0]), pair[1]))(noise)


def drop(values: Float[Array, "b ..."], rate: float, keys: Key[Array, " b"]) -> Float[Array, "b ..."]:
    """Dropout of hidden states `[b, t, d]` or attention weights `[b, h, q, k]`; what stays grows by 1 / (1 - rate)."""
    if rate == 0:
        return values
    share = 1 - rate
    kept = bernoulli if values.ndim == 3 else kept_weights
    chosen = jax.vmap(lambda key: kept(key, share, values.shape[1:]))(keys)
    return jnp.where(chosen, values / share, 0).astype(values.dtype)


def kept_weights(key: Key[Array, ""], share: float, shape: tuple[int, ...]) -> Bool[Array, "h q k"]:
    """Mask of the attention weights of a row that stay."""
    heads, queries, keys = shape
    # A draw's n-th number does not depend on how many are drawn. So each head and query has its own key, and what a
    # token gets is the same whatever the padding.
    fold: Any = jax.vmap(jax.random.fold_in, (None, 0))
    folds: Any = jax.vmap(fold, (0, None))
    query_keys = folds(fold(key, jnp.arange(heads)), jnp.arange(queries))
    draw: Any = jax.vmap(jax.vmap(lambda key: bernoulli(key, share, (keys,))))
    return draw(query_keys)  # type: ignore[no-any-return]


def bernoulli(key: Key[Array, ""], share: float, shape: tuple[int, ...]) -> Bool[Array, "..."]:
    """True with this probability; the n-th number depends on the key and n alone."""
    with jax.threefry_partitionable(True):
        return jax.random.bernoulli(key, share, shape)
