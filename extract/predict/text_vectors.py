"""Vectors of any texts, without data to train on: an encoder, and the recipe that says how it is run."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from headstart.cache.block import POOLED
from headstart.cache.ragged import split_rows
from headstart.cache.recipe import Recipe, canonical_json
from headstart.cache.task import BINARY
from headstart.cache.texts import unpack
from headstart.extract.backbone.precision import choose_precision
from headstart.extract.checkpoint.architecture import read_architecture, require_length
from headstart.extract.checkpoint.checkpoint import find_checkpoint
from headstart.extract.predict.encoder import Encoder
from headstart.extract.settings import Settings
from headstart.extract.text.cleaning_options import choose_cleaning
from headstart.extract.text.tokenizer_files import length_limit

Reads = Literal["pooled", "layers", "tokens"]
"""What is kept of a text: the last layer's pooled vectors, those of all states, or the last layer's tokens."""


class EncoderChoice(NamedTuple):
    """What decides the vectors of a text.

    Attributes:
        backbone: `minilm`, a folder, or a model's name on the Hugging Face hub.
        max_length: Tokens kept of a text.
        clean: `notebook`, `none`, or the path of a TOML file with clean-text's options.
        compute_dtype: How the encoder computes; `auto` takes what suits the device.
        reads: Which vectors.
    """

    backbone: str
    max_length: int
    clean: str
    compute_dtype: str
    reads: Reads = "pooled"


class TextVectors:
    """An encoder that gives some vectors for each text.

    Attributes:
        recipe: All that decides a vector; rows and splits hold no meaning.
        width: Size d of a vector.
    """

    def __init__(self, recipe: Recipe, encoder: Encoder) -> None:
        self.recipe, self._encoder = recipe, encoder
        self.width = encoder.backbone.width

    @property
    def counts(self) -> range:
        """How many vectors a text can have."""
        if self.recipe.layout == "ragged":
            return range(1, self.recipe.max_length + 1)
        count = max(len(self.recipe.layer_numbers), 1) * len(POOLED)
        return range(count, count + 1)

    def clean_and_tokenize(self, texts: Sequence[str]) -> tuple[list[str], list[Int[np.ndarray, " t"]]]:
        """The cleaned texts, and the token ids of each, as many as the encoder reads."""
        tokens = self._encoder.tokenize(texts)
        return unpack(tokens.texts), split_rows(tokens.ids, tokens.lengths) if texts else []

    def vectors(self, texts: Sequence[str]) -> Sequence[Float[np.ndarray, "k d"]]:
        """Vectors of each text, float16: first, maximum and mean of its tokens, of each layer; or all tokens'."""
        tokens = self._encoder.tokenize(texts)
        if self.recipe.layout == "ragged":
            return self._encoder.hidden(tokens)[0]
        block = self._encoder.encode(tokens)
        values = block.pooled if block.layers is None else block.layers
        return list(values.reshape(len(texts), -1, self.width))


@functools.cache
def open_encoder(choice: EncoderChoice) -> TextVectors:
    """Load an encoder, once for the whole process.

    Raises:
        UserError: there is none, it has no positions for so long a text, or there is no such cleaning.
    """
    settings = Settings(compute_dtype=choice.compute_dtype, clean=choice.clean, views="pooled")
    checkpoint = find_checkpoint(choice.backbone)
    architecture = read_architecture(checkpoint.config, checkpoint.name)
    require_length(choice.max_length, architecture, checkpoint.name)
    limit = length_limit(checkpoint.folder)
    precision, cleaning = choose_precision(settings), choose_cleaning(choice.clean)
    layers = range(architecture.n_layers + 1) if choice.reads == "layers" else ()
    recipe = Recipe(
        rows="",
        row_count=1,
        task=canonical_json(BINARY.to_json()),
        cleaning=cleaning.to_json(),
        cleaning_versions=cleaning.versions,
        tokenizer=checkpoint.tokenizer_sha256,
        weights=checkpoint.weights_sha256,
        architecture=canonical_json(dataclasses.asdict(architecture)),
        max_length=min(choice.max_length, limit.tokens if limit else choice.max_length),
        compute_dtype=precision.compute_dtype,
        matmul_precision=precision.matmul,
        forward=precision.forward,
        storage_dtype="float16",
        layout="ragged" if choice.reads == "tokens" else "pooled",
        split_rule="",
        split_seed=0,
        layers=canonical_json(list(layers)),
    )
    return TextVectors(recipe, Encoder(recipe, checkpoint, layers=layers))
