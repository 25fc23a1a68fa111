"""New texts to features, exactly as stage one made those of a cache."""

from collections.abc import Sequence

import numpy as np

from cache.block import Block
from cache.errors import UserError
from cache.recipe import Recipe
from cache.task import BINARY
from extract import cleaning
from extract.architecture import read_architecture
from extract.backbone import Backbone, default_batch_tokens, device_count
from extract.batches import BatchShape, sequence_lengths
from extract.checkpoint import Checkpoint
from extract.compute import compute_block
from extract.plan import plan_blocks
from extract.precision import Precision
from extract.rows import Rows
from extract.tokens import Tokens, load_tokenizer, tokenize
from extract.weights import load_weights


class Encoder:
    """The frozen backbone of a recipe, with the cleaning and the tokenizer that belong to it.

    Args:
        recipe: of the cache that a head was trained on.
        checkpoint: the backbone's files.

    Raises:
        UserError: the files are not those of the recipe, or the texts would be cleaned in another way.
    """

    def __init__(self, recipe: Recipe, checkpoint: Checkpoint) -> None:
        _check(recipe, checkpoint)
        self._recipe, self._cleaning = recipe, cleaning.from_json(recipe.cleaning)
        self._tokenizer = load_tokenizer(checkpoint.folder, recipe.max_length)
        architecture = read_architecture(checkpoint.config, checkpoint.name)
        precision = Precision(recipe.compute_dtype, recipe.forward)
        self.width = architecture.dim
        self._backbone = Backbone(
            architecture, load_weights(checkpoint.weights), precision, recipe.storage_dtype
        )
        sequences = sequence_lengths(recipe.max_length, precision.packed, recipe.layout)
        self._shape = BatchShape(sequences, default_batch_tokens(), device_count(), precision.packed)

    def tokenize(self, texts: Sequence[str]) -> Tokens:
        """Clean and tokenise texts."""
        return tokenize(self._tokenizer, [cleaning.clean_all(list(texts), self._cleaning)])

    def words(self, tokens: Tokens) -> list[list[str]]:
        """The tokens of each row as strings."""
        rows = np.split(tokens.ids, np.cumsum(tokens.lengths)[:-1])
        return [[self._tokenizer.id_to_token(int(token)) for token in row] for row in rows]

    def encode(self, tokens: Tokens) -> Block:
        """Features of a few hundred rows; labels are 0, and hold no meaning."""
        count = len(tokens.lengths)
        plan = plan_blocks({"new": np.arange(count)}, tokens, count, self._shape).blocks[0]
        rows = Rows([""] * count, np.zeros(count, np.int32), np.arange(count), 0, ("", ""), BINARY)
        dtype = np.dtype(self._recipe.storage_dtype)
        layout = self._recipe.layout
        return compute_block(self._backbone, plan, tokens, rows, self.width, dtype, lambda _: None, layout)


def _check(recipe: Recipe, checkpoint: Checkpoint) -> None:
    """Refuse another backbone, tokenizer or cleaning than the head learnt from."""
    for field, found in (("weights", checkpoint.weights_sha256), ("tokenizer", checkpoint.tokenizer_sha256)):
        if found != getattr(recipe, field):
            raise UserError(
                f"the backbone {checkpoint.name!r} is not the one that the head learnt from: its {field} have the "
                f"SHA-256 {found[:10]}..., the recipe wants {getattr(recipe, field)[:10]}...; name the right one with "
                "--backbone"
            )
    if (installed := cleaning.from_json(recipe.cleaning).versions) != recipe.cleaning_versions:
        raise UserError(
            f"the head learnt from texts cleaned by {recipe.cleaning_versions}, installed are {installed}; "
            "install those, or run both stages again"
        )
