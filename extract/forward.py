"""A faster forward pass inside the stock model: its own weights, several rows in one sequence, fewer operations.

`extract.backbone` puts these functions in the place of three modules' `__call__`. What they change:

- Several rows share a sequence: positions start anew with each, and a token attends to its own row only.
- Queries, keys and values come from one matmul; on 2 cores three narrow ones ran at half its speed.
- With bfloat16 operands, sums stay float32, and GELU's normal distribution is a polynomial (see `gelu`).
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Float32, Int

FUSED = ("q_lin", "k_lin", "v_lin")
# Odd polynomial for Phi(x) - 1/2 on [-4, 4], minimax with its ends at -1/2 and 1/2: GELU is off by 1.3e-4 at most,
# anywhere, which is far below bfloat16's own rounding of the result. erf took five times as long.
PHI = (
    3.98805217e-01, -6.60632295e-02, 9.58073959e-03, -1.02083547e-03,
    7.61558639e-05, -3.70665601e-06, 1.04314152e-07, -1.27577046e-09,
)  # fmt: skip
PHI_END = 4.0
MASKED = -1e30  # the stock model's; in float32 it leaves exactly no weight


class Rows(NamedTuple):
    """Which row each token belongs to.

    Attributes:
        segments: 1, 2, ... within a sequence; 0 is padding.
        positions: of the token within its row.
    """

    segments: Int[Array, "b t"]
    positions: Int[Array, "b t"]


def fuse(weights: dict[str, Any], operands: Any) -> dict[str, Any]:
    """Return the weights as `attention` and `feed_forward` want them: one kernel for q, k and v.

    Args:
        weights: of the stock model.
        operands: dtype of the kernels.
    """
    layers = {name: _fuse_layer(layer) for name, layer in weights["transformer"]["layer"].items()}
    fused = {"embeddings": weights["embeddings"], "transformer": {"layer": layers}}

    def cast(path: Any, leaf: Any) -> Any:
        return leaf.astype(operands) if path[-1].key == "kernel" else leaf

    return dict(jax.tree_util.tree_map_with_path(cast, fused))


def embed(module: Any, rows: Rows, ids: Int[Array, "b t"], **_: Any) -> Float[Array, "b t d"]:
    """`FlaxEmbeddings`, with positions that start anew in each row."""
    embedded = module.word_embeddings(ids) + module.position_embeddings(rows.positions)
    return module.LayerNorm(embedded)  # type: ignore[no-any-return]


def attention(
    module: Any, rows: Rows, *, query: Float[Array, "b t d"], implementation: str = "xla", **_: Any
) -> tuple[Array]:
    """`FlaxMultiHeadSelfAttention` within each row; `implementation` is JAX's word, where activations are bfloat16."""
    weights = module.variables["params"]
    b, t, d = query.shape
    fused = dense(query, weights["qkv"]).reshape(b, t, 3, module.n_heads, d // module.n_heads)
    same_row = rows.segments[:, None, :, None] == rows.segments[:, None, None, :]
    q, k, v = fused[:, :, 0], fused[:, :, 1], fused[:, :, 2]
    if query.dtype == jnp.float32:
        context = _attend(q, k, v, same_row)
    else:
        context = _attend_half(q, k, v, same_row, implementation)
    return (dense(context.reshape(b, t, d), weights["out_lin"]).astype(query.dtype),)


def cudnn_attention(module: Any, rows: Rows, *, query: Float[Array, "b t d"], **_: Any) -> tuple[Array]:
    """`attention`, by cuDNN: on an NVIDIA GPU, in bfloat16."""
    return attention(module, rows, query=query, implementation="cudnn")


def feed_forward(module: Any, _: Rows, hidden: Float[Array, "b t d"], **__: Any) -> Float[Array, "b t d"]:
    """`FlaxFFN`."""
    weights = module.variables["params"]
    half = weights["lin1"]["kernel"].dtype == jnp.bfloat16
    activation = gelu if half and module.config.activation == "gelu" else module.activation
    inner = activation(dense(hidden, weights["lin1"]))
    return dense(inner, weights["lin2"]).astype(hidden.dtype)


def dense(x: Float[Array, "*b f"], weights: dict[str, Array]) -> Float32[Array, "*b g"]:
    """Linear layer with operands of the kernel's dtype and float32 sums; 2-D, as CPUs multiply bfloat16 only so."""
    kernel = weights["kernel"]
    flat = x.reshape(-1, x.shape[-1]).astype(kernel.dtype)
    product = jnp.matmul(flat, kernel, preferred_element_type=jnp.float32)
    return (product + weights["bias"]).reshape(*x.shape[:-1], -1)


def gelu(x: Float32[Array, "*n"]) -> Float32[Array, "*n"]:
    """`x * Phi(x)`, at most 1.3e-4 + 2e-6 |x| from the exact value: for results that are rounded to bfloat16."""
    inner = jnp.clip(x, -PHI_END, PHI_END)
    square, series = inner * inner, jnp.full_like(x, PHI[-1])
    for coefficient in PHI[-2::-1]:
        series = series * square + coefficient
    return x * (0.5 + inner * series)


def _attend(q: Array, k: Array, v: Array, same_row: Array) -> Float32[Array, "b t h e"]:
    """Softmax attention in float32, in the very operations that XLA fuses to one on a CPU."""
    q, k, v = (x.swapaxes(1, 2) for x in (q / jnp.sqrt(q.shape[-1]), k, v))
    scores = jnp.where(same_row, jnp.matmul(q, k.swapaxes(2, 3)), MASKED)
    return jnp.matmul(jax.nn.softmax(scores, axis=-1), v).swapaxes(1, 2)


def _attend_half(
    q: Array, k: Array, v: Array, same_row: Array, implementation: Any
) -> Float[Array, "b t h e"]:
    """JAX's own attention, for accelerators; on a CPU it is the slower one."""
    q, k, v = (x.astype(jnp.bfloat16) for x in (q, k, v))
    return jax.nn.dot_product_attention(q, k, v, mask=same_row, implementation=implementation)


def _fuse_layer(layer: dict[str, Any]) -> dict[str, Any]:
    own = layer["attention"]
    qkv = {name: jnp.concatenate([own[part][name] for part in FUSED], axis=-1) for name in ("kernel", "bias")}
    return {**layer, "attention": {"qkv": qkv, "out_lin": own["out_lin"]}}
