"""A faster forward pass inside the stock model: its own weights, several rows in one sequence, fewer operations.

`extract.backbone.distilbert` puts these functions in the place of three modules' `__call__`. What they change:

- Several rows share a sequence: positions start anew with each, and a token attends to its own row only.
- Queries, keys and values come from one matmul; on 2 cores three narrow ones ran at half its speed.
- Linear layers hold their weights as PyTorch does, `[out, in]`: XLA prepares them anew for every matmul of bfloat16,
  and on a CPU with AMX that way made the whole matmul 1.05 to 1.25 times as fast. Flax's `[in, out]` is a kernel.
- With bfloat16 operands, sums stay float32, and GELU's normal distribution is a polynomial (see
  `extract.backbone.bfloat16`).
- With bfloat16 operands and float32 sums, which is for CPUs, the feed-forward layer is computed in parts: what one
  part hands on stays in a core's cache.
- How a token attends depends on numbers and device (see `extract.backbone.packed_attention`).
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Float32, Int

from headstart.extract.backbone.bfloat16 import gelu, round_to
from headstart.extract.backbone.packed_attention import attend_exactly, attend_half, attend_mixed, score_scale
from headstart.extract.backbone.precision import Precision

FUSED = ("q_lin", "k_lin", "v_lin")
PART_COUNTS = (4, 2, 1)
"""Numbers of parts in which the feed-forward layer is computed; the first that fits."""
PART_WIDTH = 768
"""Least width of a part; parts of 384 were a tenth slower."""
CONTRACT_LAST = (((1,), (1,)), ((), ()))
"""Dimensions that a matmul of `[n, in]` and `[out, in]` adds up over."""


class Segments(NamedTuple):
    """The rows within each sequence.

    Attributes:
        numbers: Number of each token's row, from 1 within a sequence; 0 for padding.
        positions: Position of each token within its row.
    """

    numbers: Int[Array, "b t"]
    positions: Int[Array, "b t"]


def fuse(weights: dict[str, Any], precision: Precision, width: int) -> dict[str, Any]:
    """Return the weights as `attend` and `feed_forward` take them: one matrix for q, k and v, with q scaled; parts.

    Args:
        weights: Weights of the stock model.
        precision: Precision in which they will be multiplied.
        width: Width of an attention head.
    """
    operands = jnp.dtype(precision.operands)
    scale = np.float32(score_scale(width, precision))
    layers = {}
    for name, layer in weights["transformer"]["layer"].items():
        fused = _fuse_layer(layer, operands, scale)
        layers[name] = (
            {**fused, "ffn": _in_parts(fused["ffn"])} if precision.compute_dtype == "mixed" else fused
        )
    return {"embeddings": weights["embeddings"], "transformer": {"layer": layers}}


def embed(module: Any, segments: Segments, ids: Int[Array, "b t"], **_: Any) -> Float[Array, "b t d"]:
    """`FlaxEmbeddings`, with positions that start anew in each row."""
    embedded = module.word_embeddings(ids) + module.position_embeddings(segments.positions)
    return module.LayerNorm(embedded)  # type: ignore[no-any-return]


def attend(
    module: Any, segments: Segments, *, query: Float[Array, "b t d"], implementation: str = "xla", **_: Any
) -> tuple[Array]:
    """`FlaxMultiHeadSelfAttention` within each row; `implementation` is JAX's word, where activations are bfloat16."""
    weights = module.variables["params"]
    b, t, d = query.shape
    qkv = dense(query, weights["qkv"]).reshape(b, t, 3, module.n_heads, d // module.n_heads)
    same_row = segments.numbers[:, :, None] == segments.numbers[:, None, :]
    context = _attend(qkv, same_row, query.dtype, weights["qkv"]["weight"].dtype, implementation)
    return (dense(context.reshape(b, t, d), weights["out_lin"]).astype(query.dtype),)


def attend_by_cudnn(
    module: Any, segments: Segments, *, query: Float[Array, "b t d"], **_: Any
) -> tuple[Array]:
    """`attend`, by cuDNN: on an NVIDIA GPU, in bfloat16."""
    return attend(module, segments, query=query, implementation="cudnn")


def feed_forward(module: Any, _: Segments, hidden: Float[Array, "b t d"], **__: Any) -> Float[Array, "b t d"]:
    """`FlaxFFN`, part after part where `fuse` has cut it."""
    weights = module.variables["params"]
    if "parts" not in weights:
        return _feed_forward(module, hidden, weights).astype(hidden.dtype)
    output = jnp.zeros_like(hidden)
    for part in weights["parts"].values():
        # Without the barrier XLA keeps what all parts give and adds it up in the end: slower.
        output, hidden = lax.optimization_barrier((output + _feed_forward(module, hidden, part), hidden))
    return output


def dense(x: Float[Array, "*b f"], weights: dict[str, Array]) -> Float32[Array, "*b g"]:
    """Linear layer with operands of the weight's dtype and float32 sums; 2-D, as CPUs multiply bfloat16 only so."""
    weight = weights["weight"]
    flat = round_to(x.reshape(-1, x.shape[-1]), weight.dtype)
    product = lax.dot_general(flat, weight, CONTRACT_LAST, preferred_element_type=jnp.float32)
    return (product + weights["bias"]).reshape(*x.shape[:-1], -1)


def _attend(
    qkv: Float32[Array, "b t 3 h e"], same_row: Array, activations: Any, operands: Any, implementation: Any
) -> Float[Array, "b t h e"]:
    if activations == jnp.float32 and operands == jnp.bfloat16:
        return attend_mixed(qkv, same_row)
    q, k, v = jnp.moveaxis(qkv, 2, 0)
    if activations == jnp.float32:
        return attend_exactly(q, k, v, same_row)
    return attend_half(q, k, v, same_row, implementation)


def _feed_forward(module: Any, hidden: Float[Array, "b t d"], weights: Any) -> Float32[Array, "b t d"]:
    half = weights["lin1"]["weight"].dtype == jnp.bfloat16
    activation = gelu if half and module.config.activation == "gelu" else module.activation
    return dense(activation(dense(hidden, weights["lin1"])), weights["lin2"])


def _in_parts(ffn: dict[str, Any]) -> dict[str, Any]:
    """Cut the feed-forward layer's inner values into parts; what the parts give adds up to its output."""
    first, second = ffn["lin1"], ffn["lin2"]
    width = len(first["bias"])
    count = next(n for n in PART_COUNTS if n == 1 or (width % n == 0 and width // n >= PART_WIDTH))
    rows, biases = np.split(first["weight"], count), np.split(first["bias"], count)
    # Added once, by the first part.
    final = [second["bias"], *[np.zeros_like(second["bias"])] * (count - 1)]
    cut = zip(
        rows, biases, map(np.ascontiguousarray, np.split(second["weight"], count, axis=1)), final, strict=True
    )
    parts = {
        str(number): {"lin1": {"weight": inner, "bias": bias}, "lin2": {"weight": columns, "bias": last}}
        for number, (inner, bias, columns, last) in enumerate(cut)
    }
    return {"parts": parts}


def _fuse_layer(layer: dict[str, Any], operands: np.dtype, scale: np.float32) -> dict[str, Any]:
    """Linear layers of a transformer layer as `dense` wants them; those of q, k and v as one."""
    attention, ffn = layer["attention"], layer["ffn"]
    q, k, v = ([attention[name]["kernel"].T, attention[name]["bias"]] for name in FUSED)
    weight, bias = (np.concatenate(parts) for parts in zip([scale * q[0], scale * q[1]], k, v, strict=True))
    return {
        **layer,
        "attention": {
            "qkv": {"weight": weight.astype(operands, order="C", copy=False), "bias": bias},
            "out_lin": _transposed(attention["out_lin"], operands),
        },
        "ffn": {name: _transposed(ffn[name], operands) for name in ("lin1", "lin2")},
    }


def _transposed(linear: dict[str, Any], operands: np.dtype) -> dict[str, Any]:
    return {"weight": linear["kernel"].T.astype(operands, order="C", copy=False), "bias": linear["bias"]}
