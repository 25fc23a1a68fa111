"""Turn a checkpoint's tensors into the parameters of `FlaxDistilBertModel`."""

import re
from typing import Any

import numpy as np

from headstart.cache.runtime.errors import UserError
from headstart.extract.checkpoint.weight_files import Tensors, read_tensors

# BERT's names and DistilBERT's; the rest of a name is the same in both.
_BERT_NAMES = (
    ("encoder.layer.", "transformer.layer."),
    (".attention.self.query.", ".attention.q_lin."),
    (".attention.self.key.", ".attention.k_lin."),
    (".attention.self.value.", ".attention.v_lin."),
    (".attention.output.dense.", ".attention.out_lin."),
    (".attention.output.LayerNorm.", ".sa_layer_norm."),
    (".intermediate.dense.", ".ffn.lin1."),
    (".output.dense.", ".ffn.lin2."),
    (".output.LayerNorm.", ".output_layer_norm."),
)
_EMBEDDINGS = ("word_embeddings.weight", "position_embeddings.weight", "LayerNorm.weight", "LayerNorm.bias")
_FIRST_LAYER = ("encoder.layer.0.attention.", "transformer.layer.0.attention.")
# The rest is pooler and task heads.
_BACKBONE = re.compile(r"^(embeddings|transformer\.layer\.\d+)\.")
_LAYER = re.compile(r"\.layer\.(\d{1,9})\.")
_NORM = re.compile(r"(LayerNorm|layer_norm)$")


def load_weights(path: str, layers: int | None = None) -> dict[str, Any]:
    """Read a weight file as the nested parameters of FlaxDistilBert, float32; kernels may be views, not contiguous.

    Args:
        path: Path of the file.
        layers: Number of layers that the encoder ends after; tensors of those above are not read. None reads all.

    Raises:
        UserError: the file is damaged, or holds a weight that is not finite.
    """

    def needed(name: str) -> bool:
        return layers is None or not (layer := _LAYER.search(name)) or int(layer[1]) < layers

    try:
        tensors = without_prefix(read_tensors(path, needed))
        _check_floating(tensors)
        tensors = {name: tensor.astype(np.float32, copy=False) for name, tensor in tensors.items()}
        if "embeddings.token_type_embeddings.weight" in tensors:
            tensors = fold_bert(tensors)
        tensors = {name: tensor for name, tensor in tensors.items() if _BACKBONE.match(name)}
        _check_finite(tensors)
        return nest(tensors)
    except UserError:
        raise
    except Exception as error:  # each library raises its own kinds for a damaged file
        raise UserError(f"{path} cannot be used: {error}") from None


def without_prefix(tensors: Tensors) -> Tensors:
    """Take the prefix off the names of an encoder's tensors, whatever it is: `bert.`, `module.`, `0.auto_model.`.

    It is what stands before the embeddings. Tensors outside of it, such as a task's head, are left out.

    Raises:
        ValueError: there is no encoder, or there are two.
    """
    anchor = f"embeddings.{_EMBEDDINGS[0]}"
    prefixes = [name.removesuffix(anchor) for name in tensors if f".{name}".endswith(f".{anchor}")]
    if len(prefixes) > 1:  # an embedding alone is no encoder
        prefixes = [prefix for prefix in prefixes if _is_encoder(tensors, prefix)]
    if len(prefixes) != 1:
        among = ", ".join(repr(prefix) for prefix in sorted(prefixes)[:5]) or "none"
        raise ValueError(f"one encoder is wanted, with {anchor} behind one prefix; whole encoders: {among}")
    (prefix,) = prefixes
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _is_encoder(tensors: Tensors, prefix: str) -> bool:
    whole = all(f"{prefix}embeddings.{name}" in tensors for name in _EMBEDDINGS)
    return whole and any(name.startswith(tuple(prefix + layer for layer in _FIRST_LAYER)) for name in tensors)


def fold_bert(tensors: Tensors) -> Tensors:
    """Rewrite a BERT as the DistilBERT that computes the same hidden states, exactly.

    With one segment the token-type embedding is a constant, so it can be added to every position's
    embedding; the pooler comes after the hidden states and is dropped with the other extra tensors.
    """
    folded = {}
    for name, tensor in tensors.items():
        for bert, distilbert in _BERT_NAMES:
            name = name.replace(bert, distilbert)
        folded[name] = tensor
    segment = folded.pop("embeddings.token_type_embeddings.weight")[0]
    folded["embeddings.position_embeddings.weight"] = (
        folded["embeddings.position_embeddings.weight"] + segment
    )
    return folded


def nest(tensors: Tensors) -> dict[str, Any]:
    """Turn PyTorch's flat names and layouts into Flax's nested ones."""
    nested: dict[str, Any] = {}
    for name, tensor in tensors.items():
        *path, leaf = name.split(".")
        if path[-1] == "embeddings":  # buffers such as position_ids
            continue
        at = nested
        for part in path:
            at = at.setdefault(part, {})
        at.update([_flax_leaf(path[-1], leaf, tensor)])
    return nested


def _check_floating(tensors: Tensors) -> None:
    """Refuse whole numbers, but in buffers such as position_ids: they are weights that need scales to be read."""
    for name, tensor in tensors.items():
        if tensor.dtype.kind in "iub" and name.endswith(("weight", "bias")):
            raise ValueError(
                f"{name} holds {tensor.dtype}: quantized weights do not work, float16 or float32 ones do"
            )


def _check_finite(tensors: Tensors) -> None:
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise ValueError(f"{name} holds NaN or infinity")


def _flax_leaf(module: str, leaf: str, tensor: np.ndarray) -> tuple[str, np.ndarray]:
    if leaf != "weight":
        return leaf, tensor
    if _NORM.search(module):
        return "scale", tensor
    if module.endswith("embeddings"):
        return "embedding", tensor
    return "kernel", tensor.T  # a view: PyTorch stores [out, in]
