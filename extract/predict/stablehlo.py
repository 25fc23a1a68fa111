"""Backbone and head as one StableHLO program that needs none of this code, for any number of rows of any length."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, export, lax
from jaxtyping import Int

from headstart.cache.recipe import Recipe
from headstart.cache.runtime.errors import UserError
from headstart.extract.backbone import flax_distilbert
from headstart.extract.backbone.distilbert import Backbone, Inputs
from headstart.extract.backbone.precision import EXACT, Precision
from headstart.extract.backbone.row_pooling import RowPlaces, pool_layers
from headstart.extract.checkpoint.architecture import Architecture
from headstart.extract.checkpoint.checkpoint import Checkpoint
from headstart.extract.checkpoint.weights import load_weights
from headstart.extract.predict.encoder import architecture_of
from headstart.extract.predict.scorer import Head
from headstart.extract.text.pretrained import load_tokenizer

PLATFORMS = ("cpu", "cuda", "tpu")
ENCODER = Path(flax_distilbert.__file__)
"""The encoder's modules, which need nothing of ours."""


class Source(NamedTuple):
    """Backbone and arithmetic of a program.

    Attributes:
        recipe: Recipe of the features that the head learnt from.
        checkpoint: Files of the backbone.
        exact: Whether to compute in float32 throughout, as every platform can, or as the recipe says.
        layers: The encoder's states whose pooled vectors the head reads, see `extract.predict.encoder`.
    """

    recipe: Recipe
    checkpoint: Checkpoint
    exact: bool
    layers: tuple[int, ...] = ()

    @property
    def precision(self) -> Precision:
        """The numbers in which the backbone computes."""
        return EXACT if self.exact else Precision.of(self.recipe)

    @property
    def architecture(self) -> Architecture:
        """Shape of the part of the backbone that the head needs."""
        return architecture_of(self.recipe, self.checkpoint, self.layers)

    def weights(self) -> dict[str, Any]:
        """Read the weights of that part."""
        return load_weights(self.checkpoint.weights, self.architecture.n_layers)


def tokens_in(source: Source, head: Head, params: Any) -> Callable[..., Any]:
    """A function of token ids and mask, both `[b, t]` int32, that holds all weights."""
    dtype = source.recipe.storage_dtype
    backbone = Backbone(source.architecture, source.weights(), source.precision, dtype)
    weights, head_params = jax.device_get((backbone.weights, params))

    def run(ids: Int[Array, "b t"], mask: Int[Array, "b t"]) -> Any:
        b, t = ids.shape
        positions = jnp.broadcast_to(jnp.arange(t, dtype=jnp.int32), (b, t)) * mask
        states = backbone.states(weights, Inputs(ids, mask, positions))
        starts = jnp.arange(b, dtype=jnp.int32) * t
        lengths = jnp.full(b, t) if source.recipe.layout == "padded" else mask.sum(axis=1)
        rows = RowPlaces(starts, lengths.astype(jnp.int32))
        if source.layers:
            states = (*states[:-1], states[-1].astype(dtype))
            chosen = [states[number] for number in source.layers]
            features = [pool_layers(chosen, rows, on_cpu=False)]
        else:
            features = [states[-1].reshape(-1, backbone.width)]
        rounded = lax.optimization_barrier([values.astype(dtype) for values in features])
        return head(jax.tree.map(jnp.asarray, head_params), *rounded, *(() if source.layers else rows))

    return run


def as_stablehlo(run: Callable[..., Any], recipe: Recipe) -> bytes:
    """The function for all platforms, as `jax.export.deserialize` reads it; rows, and mostly tokens, are left open."""
    tokens = str(recipe.max_length) if recipe.layout == "padded" else "t"
    shape = export.symbolic_shape(f"b, {tokens}")
    spec = jax.ShapeDtypeStruct(shape, np.int32)
    with _names_of_source_files():
        return bytes(export.export(jax.jit(run), platforms=PLATFORMS)(spec, spec).serialize())


@contextlib.contextmanager
def _names_of_source_files() -> Iterator[None]:
    """Programs say of each operation which line of code made it: have them say it without the folder it is in here."""
    option = "jax_hlo_source_file_canonicalization_regex"
    before = getattr(jax.config, option)
    jax.config.update(option, ".*/")
    try:
        yield
    finally:
        jax.config.update(option, before)


def tokenizer_json(source: Source) -> str:
    """The backbone's tokenizer with its truncation and padding, as the tokenizers library reads it.

    Raises:
        UserError: an option of it has no place in such a file.
    """
    tokenizer = load_tokenizer(source.checkpoint.folder, source.recipe.max_length)
    tokenizer = tokenizer.within(source.architecture.vocab_size)
    if tokenizer.pipeline.encode_special_tokens:
        raise UserError(
            "a tokenizer with split_special_tokens cannot be exported: tokenizer.json does not hold it"
        )
    tokenizer.pipeline.enable_padding(pad_id=tokenizer.padding, pad_token=tokenizer.pad_token)
    return str(tokenizer.pipeline.to_str(pretty=True))


def config_json(source: Source) -> dict[str, Any]:
    """The backbone's shape as `DistilBertConfig` reads it."""
    shape = dataclasses.asdict(source.architecture)
    return {"model_type": "distilbert", **shape, "sinusoidal_pos_embds": False}
