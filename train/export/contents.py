"""What the loader reads of a head, and how well the exported program agrees with `predict.py`."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
from jax import export

from headstart.cache.ragged import split_rows
from headstart.cache.recipe import Recipe
from headstart.train.export.model_card import Agreement
from headstart.train.predict.trained_head import Trained

PACKAGES = ("jax", "flax", "transformers", "safetensors", "numpy")
SAMPLES = (
    "you are kind and I thank you for your help",
    "this is the most stupid page that I have ever read",
    "no",
    "the source of the second table is a book of 1998 that nobody can find any more, so I took it out again "
    * 3,
)


def head_json(head: Trained) -> dict[str, Any]:
    """What the loader has to know beside what the head computes."""
    return {
        "head": head.name,
        "seed": head.seed,
        **head.task.to_json(),
        "outputs": head.task.outputs,
        "thresholds": head.thresholds,
        "max_length": head.recipe.max_length,
        "storage_dtype": head.recipe.storage_dtype,
        "padding_counts": head.recipe.layout == "padded",
    }


def packages() -> list[str]:
    """The releases that the folder was written with."""
    return [f"{name} {version(name)}" for name in PACKAGES]


def agreement(program: bytes, encoder: Any, answer: Callable[[Any], Any], recipe: Recipe) -> Agreement:
    """Run the exported program and `predict.py`'s own on a few texts.

    Args:
        program: what `jax.export` has serialized.
        encoder: cleans and tokenises.
        answer: tokens -> answers.
        recipe: of the features.
    """
    tokens = encoder.tokenize(SAMPLES)
    rows = split_rows(tokens.ids, tokens.lengths)
    longest = recipe.max_length if recipe.layout == "padded" else int(tokens.lengths.max())
    mask = (np.arange(longest) < tokens.lengths[:, None]).astype(np.int32)
    ids = np.full_like(mask, tokens.padding)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = row
    _, shares = export.deserialize(bytearray(program)).call(ids, mask)
    difference = np.abs(np.asarray(shares) - answer(tokens).shares).max()
    return Agreement(len(rows), float(difference))
