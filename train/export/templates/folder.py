"""What lies in this folder, read with care: it may be damaged, or come from anyone."""

import hashlib
import json
import os
import stat
import sys
from contextlib import contextmanager
from pathlib import Path

import jax
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict
from safetensors.numpy import load

HERE = Path(__file__).parent
MOST_JSON = 2**26  # bytes
FIELDS = {
    "classes": list, "outputs": int, "max_length": int, "kind": str, "storage_dtype": str, "padding_counts": bool,
    "sha256": dict,
}  # fmt: skip
SIZES = ("activation", "dim", "hidden_dim", "max_position_embeddings", "n_heads", "n_layers", "vocab_size")
"""What config.json says that the encoder's arithmetic depends on."""


def refuse(name, why):
    """End with a line and 2; names may hold what moves a cursor."""
    line = f"error: {HERE / name} {why}; export the head again"
    print("".join(c if c.isprintable() else ascii(c)[1:-1] for c in line), file=sys.stderr)
    sys.exit(2)


@contextmanager
def reading(name):
    """Whatever a library raises over what export has not written ends in a line; a panic of Rust is no Exception."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        refuse(name, f"cannot be used ({type(error).__name__}: {' '.join(str(error).split())[:200]})")


def read(name, most=sys.maxsize):
    """Content of a file: of no pipe, no device, and no hole that would fill the memory."""
    with reading(name):
        status = os.stat(HERE / name)
        stored = getattr(status, "st_blocks", status.st_size) * 512
        if not stat.S_ISREG(status.st_mode) or status.st_size > max(100 * stored, 2**20):
            refuse(name, "is no file, or a hole")
        if status.st_size > most:
            refuse(name, f"has {status.st_size:,} bytes, more than {most:,}")
        return (HERE / name).read_bytes()


def described():
    """What head.json says, each field of its type."""
    with reading("head.json"):
        fields = json.loads(read("head.json", MOST_JSON))
        if wrong := [name for name, kind in FIELDS.items() if type(fields[name]) is not kind]:
            raise TypeError(f"{wrong[0]} is a {type(fields[wrong[0]]).__name__}")
        return fields


HEAD = described()


def checked(name, most=sys.maxsize):
    """Content of a file, which is to be what was exported."""
    content = read(name, most)
    if hashlib.sha256(content).hexdigest() != HEAD["sha256"].get(name):
        refuse(name, "is damaged")
    return content


def tensors(name):
    """Arrays of a file by their nested names, all of their numbers finite."""
    content = checked(name)
    with reading(name):
        arrays = load(content)
        if wrong := [key for key, array in arrays.items() if not np.isfinite(array).all()]:
            raise ValueError(f"{wrong[0]} holds NaN or infinity")
        return unflatten_dict(dict(sorted(arrays.items())), sep=".")  # `a` before `a.b`, which then fails


def encoder(logits):
    """Weights, model and tokenizer, which fit together and to the head: nothing is computed before that is known.

    Args:
        logits: The head, see head.py.
    """
    from transformers import DistilBertConfig, FlaxDistilBertModel, PreTrainedTokenizerFast

    backbone, content = tensors("backbone.safetensors"), checked("config.json", MOST_JSON)
    with reading("config.json"):
        fields = json.loads(content)
        config = {
            name: fields[name] for name in SIZES
        }  # others, such as a billion labels, cost time or memory
        require_sizes(config, backbone)
        model = FlaxDistilBertModel(DistilBertConfig(**config), _do_init=False)
        require_arrays(model.params_shape_tree, backbone)
    with reading("head.json"):
        require_head(logits, config)
    checked("tokenizer.json", MOST_JSON)
    with reading("tokenizer.json"):
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_file=str(HERE / "tokenizer.json")
        )  # which names its padding
        if max(tokenizer.get_vocab().values()) >= config["vocab_size"]:
            raise ValueError("its ids are beyond the embeddings")
    return backbone, model, tokenizer


def require_sizes(config, backbone):
    """Ask for as many layers as there are weights of, and positions for the longest text."""
    if config["n_layers"] != len(backbone["transformer"]["layer"]):
        raise ValueError("n_layers is not the number of layers that there are weights of")
    if not 1 <= HEAD["max_length"] <= len(backbone["embeddings"]["position_embeddings"]["embedding"]):
        refuse("head.json", "has a max_length that the encoder has no positions for")


def require_arrays(expected, backbone):
    """Ask for the very arrays that the encoder takes."""
    trees = (flatten_dict(dict(tree), sep=".") for tree in (expected, backbone))
    shapes = [{(name, array.shape) for name, array in arrays.items()} for arrays in trees]
    if odd := sorted(shapes[0] ^ shapes[1]):
        raise ValueError(f"{odd[0][0]} has another shape, or is missing")


def require_head(logits, config):
    """Ask whether the head takes what the encoder gives; only shapes are computed."""
    states, layers = config["n_layers"] + 1, HEAD.get("layers", [])
    if len(layers) > states or not all(0 <= layer < states for layer in layers):
        raise ValueError("it reads layers that the encoder does not have")
    hidden, mask = (jax.ShapeDtypeStruct(shape, np.float32) for shape in ((1, 2, config["dim"]), (1, 2)))
    outputs = jax.eval_shape(logits, [hidden] * states, mask).shape[1]
    if not outputs == HEAD["outputs"] <= len(HEAD["classes"]):
        raise ValueError(f"it has {outputs} outputs, and {len(HEAD['classes'])} classes")
