"""Tokenise with the backbone's own fast tokenizer; no padding."""

import dataclasses
import functools
import itertools
from collections.abc import Iterable

import numpy as np
from jaxtyping import Bool, Int, UInt8

from headstart.cache.ragged import row_starts
from headstart.cache.runtime.errors import UserError
from headstart.cache.texts import pack, packed_lengths
from headstart.extract.text.pretrained import FastTokenizer, refused
from headstart.extract.text.spool import Spool


@dataclasses.dataclass(frozen=True, eq=False)
class Tokens:
    """Token ids of many rows, one row after another, and the texts that they were made of.

    Attributes:
        ids: `[n]` int32.
        lengths: Tokens of each row, `[b]` int32.
        texts: The cleaned texts, see `cache.texts`.
        text_lengths: Bytes of each text, its end included, `[b]` int64.
        padding: Id of the token that fills up a row.
        truncated: Whether each text has more tokens than its row, `[b]`; None if nobody looked.
    """

    ids: Int[np.ndarray, " n"]
    lengths: Int[np.ndarray, " b"]
    texts: UInt8[np.ndarray, " m"]
    text_lengths: Int[np.ndarray, " b"]
    padding: int = 0
    truncated: Bool[np.ndarray, " b"] | None = None

    @functools.cached_property
    def starts(self) -> Int[np.ndarray, " b"]:
        """Position in `ids` at which each row starts, int64."""
        return row_starts(self.lengths)

    @functools.cached_property
    def text_starts(self) -> Int[np.ndarray, " b"]:
        """Position in `texts` at which each row starts, int64."""
        return row_starts(self.text_lengths)


def among(tokens: Tokens, rows: Int[np.ndarray, " r"], count: int) -> Tokens:
    """The tokens of some rows as those of more rows, of which the others have none.

    Args:
        tokens: Tokens of `rows`, in this order.
        rows: Positions of these rows among all, ascending.
        count: Number of all rows.
    """
    lengths, text_lengths = np.zeros(count, np.int32), np.zeros(count, np.int64)
    lengths[rows], text_lengths[rows] = tokens.lengths, tokens.text_lengths
    return dataclasses.replace(tokens, lengths=lengths, text_lengths=text_lengths, truncated=None)


def check_ids(tokens: Tokens, name: str, vocab_size: int) -> None:
    """Refuse ids for which a backbone has no embedding, and texts without any.

    Raises:
        UserError: there are such.
    """
    if not tokens.lengths.all():
        raise UserError(f"the tokenizer of {name!r} makes no token of some texts; it must add [CLS]")
    if len(tokens.ids) and (highest := int(tokens.ids.view(np.uint32).max())) >= vocab_size:
        raise UserError(
            f"the tokenizer of {name!r} knows a token {highest}, but its config.json says vocab_size {vocab_size}"
        )


def tokenize(tokenizer: FastTokenizer, chunks: Iterable[list[str]]) -> Tokens:
    """Tokenise chunks of texts, special tokens included; the library uses all cores for a chunk.

    Ids and texts of many rows go to disk, and are mapped into memory.

    Raises:
        UserError: the tokenizer breaks off at a text.
    """
    ids, packed = Spool(), Spool()
    lengths, text_lengths = [np.zeros(0, np.int32)], [np.zeros(0, np.int64)]
    truncated = [np.zeros(0, bool)]
    for texts in chunks:
        with refused("the tokenizer breaks off at a text"):
            encodings = tokenizer.pipeline.encode_batch_fast(texts)
        rows = [encoding.ids for encoding in encodings]
        truncated.append(np.array([bool(encoding.overflowing) for encoding in encodings], bool))
        lengths.append(np.array([len(row) for row in rows], np.int32))
        ids.append(np.fromiter(itertools.chain.from_iterable(rows), np.uint32).tobytes())
        text = pack(texts)
        text_lengths.append(packed_lengths(text))
        packed.append(text.tobytes())
    return Tokens(
        ids.array(np.int32),
        np.concatenate(lengths),
        packed.array(np.uint8),
        np.concatenate(text_lengths),
        tokenizer.padding,
        np.concatenate(truncated),
    )
