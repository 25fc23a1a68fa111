"""From new texts to features and scores, exactly as stage one computed the features of a cache."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jaxtyping import Bool, Float

from headstart.cache.block import Block
from headstart.cache.ragged import split_rows
from headstart.cache.recipe import Recipe
from headstart.cache.runtime.errors import UserError
from headstart.extract.backbone.devices import default_batch_tokens, describe_devices
from headstart.extract.backbone.distilbert import Backbone
from headstart.extract.backbone.precision import Precision
from headstart.extract.checkpoint.architecture import Architecture, ended_as, ended_at, read_architecture
from headstart.extract.checkpoint.checkpoint import Checkpoint
from headstart.extract.checkpoint.weights import load_weights
from headstart.extract.features.blocks import BlockPlan, cut, plan_blocks
from headstart.extract.features.compute import TokenizedRows, compute_block
from headstart.extract.features.packing import BatchShape
from headstart.extract.predict.scorer import Head, ScoringProgram, score_rows
from headstart.extract.text import cleaning
from headstart.extract.text.cleaning_options import check_options
from headstart.extract.text.pretrained import load_tokenizer
from headstart.extract.text.tokenizer import Tokens, check_ids, tokenize


class Encoder:
    """The frozen backbone of a recipe, with the cleaning and the tokenizer that belong to it.

    Args:
        recipe: Recipe of the cache that a head was trained on.
        checkpoint: Files of the backbone.
        block_rows: Rows that go through the backbone together; None takes all that there are.
        device: Device of the cache, see `cache.manifest.Manifest`: on devices of that kind, batches are as large as
            they were there.
        layers: The encoder's states whose pooled vectors a head reads, and nothing else; layers above are neither
            computed nor loaded. None where it reads the last layer's hidden states.

    Attributes:
        backbone: The model.
        checkpoint: Its files.

    Raises:
        UserError: the files are not those of the recipe, or the texts would be cleaned in another way.
    """

    def __init__(
        self,
        recipe: Recipe,
        checkpoint: Checkpoint,
        block_rows: int | None = None,
        device: Mapping[str, Any] | None = None,
        layers: Sequence[int] = (),
    ) -> None:
        _check(recipe, checkpoint)
        self._recipe, self.checkpoint, self._block_rows = recipe, checkpoint, block_rows
        self._cleaning = cleaning.from_json(recipe.cleaning)
        tokenizer = load_tokenizer(checkpoint.folder, recipe.max_length)
        architecture = architecture_of(recipe, checkpoint, layers)
        self._tokenizer = tokenizer.within(architecture.vocab_size)
        weights = load_weights(checkpoint.weights, architecture.n_layers)
        precision = Precision.of(recipe)
        self.backbone = Backbone(architecture, weights, precision, recipe.storage_dtype, None, layers)
        self._shape = BatchShape.of(recipe, _batch_tokens(device or {}), len(self.backbone.devices))

    def tokenize(self, texts: Sequence[str]) -> Tokens:
        """Clean and tokenise texts.

        Raises:
            UserError: the backbone has no embedding for a token.
        """
        tokens = tokenize(self._tokenizer, [cleaning.clean_all(list(texts), self._cleaning)])
        check_ids(tokens, self.checkpoint.name, architecture_of(self._recipe, self.checkpoint).vocab_size)
        return tokens

    @property
    def cleans_anywhere(self) -> bool:
        """Whether any thread may clean: expressions of the user's own can be stopped in the main one alone."""
        return cleaning.PATTERNS not in (self._cleaning.options or {})

    def flags_of(self, tokens: Tokens) -> list[Bool[np.ndarray, " b"]]:
        """Which texts get the empty text's answer, as nothing is left of them, and which were cut."""
        truncated = np.zeros(len(tokens.lengths), bool) if tokens.truncated is None else tokens.truncated
        added = self._tokenizer.pipeline.num_special_tokens_to_add(False)
        return [(tokens.lengths <= added) & ~truncated, truncated]

    def words(self, tokens: Tokens) -> list[list[str]]:
        """The tokens of each row as strings."""
        rows = split_rows(tokens.ids, tokens.lengths)
        name = self._tokenizer.pipeline.id_to_token
        return [[name(int(token)) for token in row] for row in rows]

    def encode(self, tokens: Tokens) -> Block:
        """Features of a few rows, for a person to look at; labels are 0, and hold no meaning."""
        whole = "ragged" if self._recipe.layout == "pooled" else self._recipe.layout
        (plan,) = self._blocks(tokens, len(tokens.lengths))
        return compute_block(self.backbone, plan, _unlabelled(tokens), whole)

    def hidden(self, tokens: Tokens) -> tuple[list[Float[np.ndarray, "_ d"]], Float[np.ndarray, "b 3 d"]]:
        """Hidden states of each row that the head reads, of its padding too where that counts; and pooled vectors."""
        block = self.encode(tokens)
        assert block.hidden is not None
        if block.hidden.ndim == 3:
            return list(block.hidden), block.pooled
        return split_rows(block.hidden, block.lengths), block.pooled

    def scorer(self, head: Head, params: Any) -> ScoringProgram:
        """Backbone and head as one program."""
        return ScoringProgram(self.backbone, head, params)

    def score(self, scorer: ScoringProgram, tokens: Tokens) -> Any:
        """Outputs of the scorer's head for each row, in order."""
        blocks = self._blocks(tokens, self._block_rows or len(tokens.lengths))
        rows, layout = _unlabelled(tokens), self._recipe.layout
        scores = [score_rows(scorer, block, rows, layout) for block in blocks]
        return jax.tree.map(lambda *parts: np.concatenate(parts), *scores)

    def _blocks(self, tokens: Tokens, rows: int) -> list[BlockPlan]:
        """All rows, in blocks of so many that are cut into stage one's batches."""
        blocks = cut({"new": np.arange(len(tokens.lengths))}, rows)
        return plan_blocks(blocks, tokens, self._shape).blocks


def architecture_of(recipe: Recipe, checkpoint: Checkpoint, layers: Sequence[int] = ()) -> Architecture:
    """The shape of the backbone, which ends at the recipe's last layer, or at the last of some layers.

    Raises:
        UserError: the checkpoint has fewer layers.
    """
    whole = ended_as(read_architecture(checkpoint.config, checkpoint.name), recipe, checkpoint.name)
    return ended_at(whole, max(1, *layers), checkpoint.name) if layers else whole


def _batch_tokens(device: Mapping[str, Any]) -> int:
    """Padded tokens of a batch on each device: a cache's, if devices of its kind are here."""
    here = describe_devices()["platform"] == device.get("platform")
    return int(device.get("batch_tokens", 0)) * here or default_batch_tokens()


def _unlabelled(tokens: Tokens) -> TokenizedRows:
    count = len(tokens.lengths)
    return TokenizedRows(tokens, np.zeros(count, np.int32), np.arange(count))


def _check(recipe: Recipe, checkpoint: Checkpoint) -> None:
    """Refuse another backbone, tokenizer or cleaning than the head learnt from."""
    for field, digest in (("weights", checkpoint.weights_sha256), ("tokenizer", checkpoint.tokenizer_sha256)):
        if digest != getattr(recipe, field):
            raise UserError(
                f"the backbone {checkpoint.name!r} is not the one that the head learnt from: its {field} have the "
                f"SHA-256 {digest[:10]}..., the recipe wants {getattr(recipe, field)[:10]}...; name the right one with "
                "--backbone"
            )
    learnt = cleaning.from_json(recipe.cleaning)
    check_options(learnt.options, "the head's recipe")
    if (installed := learnt.versions) != recipe.cleaning_versions:
        raise UserError(
            f"the head learnt from texts cleaned by {recipe.cleaning_versions}, installed are {installed}; "
            "install those, or run both stages again"
        )
