"""Turn a checkpoint's tensors into the parameters of `FlaxDistilBertModel`."""

import re
from typing import Any

import numpy as np

from headstart.cache.runtime.errors import UserError

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
_PREFIX = re.compile(r"^(distilbert|bert)\.")
# The rest is pooler and task heads.
_BACKBONE = re.compile(r"^(embeddings|transformer\.layer\.\d+)\.")
_NORM = re.compile(r"(LayerNorm|layer_norm)$")

Tensors = dict[str, np.ndarray]


def load_weights(path: str) -> dict[str, Any]:
    """Read a weight file as the nested parameters of FlaxDistilBert, float32; kernels may be views, not contiguous.

    Raises:
        UserError: the file is damaged, or holds a weight that is not finite.
    """
    try:
        tensors = _read_msgpack(path) if path.endswith(".msgpack") else _read_safetensors(path)
        tensors = {
            _PREFIX.sub("", name): tensor.astype(np.float32, copy=False) for name, tensor in tensors.items()
        }
        if "embeddings.token_type_embeddings.weight" in tensors:
            tensors = fold_bert(tensors)
        tensors = {name: tensor for name, tensor in tensors.items() if _BACKBONE.match(name)}
        _check_finite(tensors)
        return nest(tensors)
    except Exception as error:  # each library raises its own kinds for a damaged file
        raise UserError(f"{path} cannot be used: {error}") from None


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


def _read_safetensors(path: str) -> Tensors:
    from safetensors.numpy import load_file

    # Checkpoints that passed through TensorFlow call LayerNorm's weight and bias gamma and beta.
    tensors: Tensors = load_file(path)
    renamed = {"gamma": "weight", "beta": "bias"}
    return {_rename_leaf(name, renamed): tensor for name, tensor in tensors.items()}


def _read_msgpack(path: str) -> Tensors:
    """Read Flax's own format under PyTorch's names, so that both take the same way."""
    from flax.serialization import msgpack_restore
    from flax.traverse_util import flatten_dict

    with open(path, "rb") as file:
        flat = flatten_dict(msgpack_restore(file.read()), sep=".")
    renamed = {"kernel": "weight", "scale": "weight", "embedding": "weight"}
    tensors = {name: np.asarray(tensor) for name, tensor in flat.items()}
    return {
        _rename_leaf(name, renamed): tensor.T if name.endswith(".kernel") else tensor
        for name, tensor in tensors.items()
    }


def _rename_leaf(name: str, renamed: dict[str, str]) -> str:
    path, _, leaf = name.rpartition(".")
    return f"{path}.{renamed.get(leaf, leaf)}"
