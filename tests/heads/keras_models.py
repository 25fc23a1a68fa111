"""The heads on the last layer in Keras 3, and the one mapping from its weights to ours."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from headstart.heads import HEADS, Head, PoolingHead
from headstart.heads.registry import MORE_HEADS, AttentionHead

ON_LAST: dict[str, Head] = {**HEADS, "attn": MORE_HEADS["attn"]}
"""The notebook's ten, and attention pooling."""


class MaskedMax(layers.Layer):
    """Maximum over real tokens; Keras' own GlobalMaxPooling1D knows no mask."""

    supports_masking = True  # and hands none on

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        return None

    def call(self, inputs: Any, mask: Any) -> Any:
        return ops.max(ops.where(mask[..., None], inputs, -float("inf")), axis=1)


def build(head: Head, length: int, width: int, outputs: int) -> keras.Model:
    """Model `(hidden [b, t, d], mask [b, t]) -> logits [b, outputs]`."""
    hidden, mask = keras.Input((length, width)), keras.Input((length,), dtype="bool")
    return keras.Model([hidden, mask], layers.Dense(outputs)(read(head, hidden, mask)))


def build_without_masks(head: Head, length: int, width: int) -> keras.Model:
    """Model `hidden [b, t, d] -> logits [b, 1]` made of Keras' own pooling layers, as the notebook's were."""
    hidden = keras.Input((length, width))
    return keras.Model(hidden, layers.Dense(1)(read(head, hidden, None)))


def read(head: Head, hidden: Any, mask: Any) -> Any:
    """What the classifier at the end sees."""
    if isinstance(head, PoolingHead):
        return joined([pool(name, hidden, mask) for name in head.read])
    if isinstance(head, AttentionHead):
        scores = layers.Dense(head.queries, use_bias=False)(hidden)
        weights = (
            layers.Softmax(axis=1)(scores)
            if mask is None
            else layers.Softmax(axis=1)(scores, mask=mask[..., None])
        )
        return layers.Flatten()(layers.Dot(axes=1)([weights, hidden]))
    cell = {"gru": layers.GRU, "lstm": layers.LSTM}[head.cell]
    layer = cell(head.units, return_sequences=head.pooled)
    if head.bidirectional:
        layer = layers.Bidirectional(layer)
    outputs = layer(hidden, mask=mask)
    return joined([pool(name, outputs, mask) for name in ("mean", "max")]) if head.pooled else outputs


def pool(name: str, hidden: Any, mask: Any) -> Any:
    if name == "cls":
        return hidden[:, 0]
    if name == "mean":
        return layers.GlobalAveragePooling1D()(hidden, mask=mask)
    return MaskedMax()(hidden, mask=mask) if mask is not None else layers.GlobalMaxPooling1D()(hidden)


def joined(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else layers.Concatenate()(parts)


def as_ours(head: Head, weights: Sequence[Any]) -> dict[str, Any]:
    """Our parameter tree from Keras' list of weights, or a gradient's from a list of gradients."""
    *recurrent, kernel, bias = weights
    if isinstance(head, AttentionHead):
        return {"queries": recurrent[0], "dense": {"kernel": kernel, "bias": bias}}
    names = ("kernel", "recurrent_kernel", "bias")
    parts = [dict(zip(names, recurrent[at : at + 3], strict=True)) for at in range(0, len(recurrent), 3)]
    return {
        **dict(zip(("forward", "backward"), parts, strict=False)),
        "dense": {"kernel": kernel, "bias": bias},
    }
