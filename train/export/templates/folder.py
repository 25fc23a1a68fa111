"""What lies in this folder, read with care: it may be damaged, or come from anyone."""

import hashlib
import json
import logging
import os
import stat
import sys
from contextlib import contextmanager
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import jax
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict
from flax_distilbert import DistilBertShape, FlaxDistilBertModule, parameter_shapes
from safetensors.numpy import load
from tokenizers import Tokenizer

HERE = Path(__file__).parent
MOST_JSON = 2**26  # bytes
FIELDS = {
    "classes": list, "outputs": int, "max_length": int, "kind": str, "storage_dtype": str, "padding_counts": bool,
    "cleaning_versions": str, "sha256": dict,
}  # fmt: skip
CLEANERS = ("clean-text", "ftfy", "emoji", "unidecode")  # clean-text uses the last where it is installed


def refuse(name, why, then="export the head again"):
    """End with a line and 2; names may hold what moves a cursor."""
    line = f"error: {HERE / name} {why}; {then}"
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
        return unflatten_dict(dict(sorted(arrays.items())), sep=".")  # "a" before "a.b", which it bars


def cleaner():
    """What is done to a text first, as it was to those of the training: clean-text's `clean` with their options."""
    with reading("head.json"):
        if HEAD["cleaning"] is None:
            return lambda text: text
        if (installed := ", ".join(map(release, CLEANERS))) != HEAD["cleaning_versions"]:
            cleaned_by = (
                f"is of texts that were cleaned by {HEAD['cleaning_versions']}, installed are {installed}"
            )
            refuse("head.json", cleaned_by[:300], f"`pip install -r {HERE / 'requirements.txt'}`")
        logging.disable(logging.WARNING)  # an advice to install unidecode, which changes texts
        from cleantext import clean

        logging.disable(logging.NOTSET)
        clean(
            "a http://b.de c", **HEAD["cleaning"]
        )  # an option that there is not is told before a text comes
        return partial(clean, **HEAD["cleaning"])


def release(name):
    """An installed package, as the recipe of the features names it."""
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"{name} absent"


def encoder(logits):
    """Weights, model and tokenizer, which fit together and to the head: nothing is computed before that is known.

    Args:
        logits: The head, see head.py.
    """
    backbone, content = tensors("backbone.safetensors"), checked("config.json", MOST_JSON)
    with reading("config.json"):
        config = json.loads(content)
        shape = DistilBertShape(**{name: config[name] for name in DistilBertShape._fields if name in config})
        require_sizes(shape, backbone)
        require_arrays(parameter_shapes(shape), backbone)
    with reading("head.json"):
        require_head(logits, shape)
    return backbone, FlaxDistilBertModule(shape), pipeline(shape.vocab_size)


def pipeline(vocab_size):
    """The tokenizer, which cuts long texts and fills up short ones."""
    content = checked("tokenizer.json", MOST_JSON)
    with reading("tokenizer.json"):
        tokenizer = Tokenizer.from_str(content.decode())
        if max(tokenizer.get_vocab().values()) >= vocab_size:
            raise ValueError("its ids are beyond the embeddings")
        cut, filled = tokenizer.truncation, {**tokenizer.padding, "length": None}
        if HEAD["padding_counts"]:
            filled["length"] = HEAD["max_length"]
        tokenizer.enable_truncation(**{**cut, "max_length": HEAD["max_length"]})
        tokenizer.enable_padding(**filled)
        return tokenizer


def require_sizes(shape, backbone):
    """Ask for as many layers as there are weights of, and positions for the longest text."""
    if shape.n_layers != len(backbone["transformer"]["layer"]):
        raise ValueError("n_layers is not the number of layers that there are weights of")
    if not 1 <= HEAD["max_length"] <= len(backbone["embeddings"]["position_embeddings"]["embedding"]):
        refuse("head.json", "has a max_length that the encoder has no positions for")


def require_arrays(expected, backbone):
    """Ask for the very arrays that the encoder takes."""
    trees = (flatten_dict(dict(tree), sep=".") for tree in (expected, backbone))
    shapes = [{(name, array.shape) for name, array in arrays.items()} for arrays in trees]
    if odd := sorted(shapes[0] ^ shapes[1]):
        raise ValueError(f"{odd[0][0]} has another shape, or is missing")


def require_head(logits, shape):
    """Ask whether the head takes what the encoder gives; only shapes are computed."""
    states, layers = shape.n_layers + 1, HEAD.get("layers", [])
    if len(layers) > states or not all(0 <= layer < states for layer in layers):
        raise ValueError("it reads layers that the encoder does not have")
    hidden, mask = (jax.ShapeDtypeStruct(size, np.float32) for size in ((1, 2, shape.dim), (1, 2)))
    outputs = jax.eval_shape(logits, [hidden] * states, mask).shape[1]
    if not outputs == HEAD["outputs"] <= len(HEAD["classes"]):
        raise ValueError(f"it has {outputs} outputs, and {len(HEAD['classes'])} classes")
