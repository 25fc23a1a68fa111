"""Tokenise with the backbone's own fast tokenizer; no padding."""

import dataclasses
import functools
import itertools
import json
import os
from collections.abc import Iterable

import numpy as np
from jaxtyping import Int, UInt8
from tokenizers import Tokenizer
from tokenizers.implementations import BertWordPieceTokenizer
from tokenizers.models import WordPiece

from headstart.cache.ragged import row_starts
from headstart.cache.runtime.errors import UserError
from headstart.cache.texts import pack, packed_lengths
from headstart.extract.text.spool import Spool

PADDING = "[PAD]"
FILES = ("tokenizer.json", "vocab.txt")


@dataclasses.dataclass(frozen=True, eq=False)
class Tokens:
    """Token ids of many rows, one row after another, and the texts that they were made of.

    Attributes:
        ids: `[n]` int32.
        lengths: Tokens of each row, `[b]` int32.
        texts: The cleaned texts, see `cache.texts`.
        text_lengths: Bytes of each text, its end included, `[b]` int64.
        padding: Id of the token that fills up a row.
    """

    ids: Int[np.ndarray, " n"]
    lengths: Int[np.ndarray, " b"]
    texts: UInt8[np.ndarray, " m"]
    text_lengths: Int[np.ndarray, " b"]
    padding: int = 0

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
    return dataclasses.replace(tokens, lengths=lengths, text_lengths=text_lengths)


def tokenizer_files(folder: str) -> list[str]:
    """Paths of all files that decide how a backbone's tokenizer works.

    Raises:
        UserError: the folder has no tokenizer.
    """
    path = tokenizer_file(folder)
    options = os.path.join(folder, "tokenizer_config.json")
    # tokenizer.json says everything itself; beside a bare vocabulary the configuration decides about case.
    return [path, options] if path.endswith(".txt") and os.path.isfile(options) else [path]


def tokenizer_file(folder: str) -> str:
    """Path of the file that defines a backbone's tokenizer.

    Raises:
        UserError: the folder has none.
    """
    for name in FILES:
        if os.path.isfile(path := os.path.join(folder, name)):
            return path
    raise UserError(f"{folder} holds no tokenizer: wanted {' or '.join(FILES)}")


def load_tokenizer(folder: str, max_length: int) -> Tokenizer:
    """Load the tokenizer of a backbone's folder; it truncates to `max_length` and never pads.

    Raises:
        UserError: there is none, or it is damaged.
    """
    path = tokenizer_file(folder)
    try:
        tokenizer = Tokenizer.from_file(path) if path.endswith(".json") else _from_vocabulary(path)
    except Exception as error:  # the tokenizers library raises bare exceptions
        raise UserError(f"{path} cannot be used: {error}") from None
    tokenizer.enable_truncation(max_length)
    tokenizer.no_padding()
    return tokenizer


def tokenize(tokenizer: Tokenizer, chunks: Iterable[list[str]]) -> Tokens:
    """Tokenise chunks of texts, special tokens included; the library uses all cores for a chunk.

    Ids and texts of many rows go to disk, and are mapped into memory.
    """
    ids, packed = Spool(), Spool()
    lengths, text_lengths = [np.zeros(0, np.int32)], [np.zeros(0, np.int64)]
    for texts in chunks:
        rows = [encoding.ids for encoding in tokenizer.encode_batch_fast(texts)]
        lengths.append(np.array([len(row) for row in rows], np.int32))
        ids.append(np.fromiter(itertools.chain.from_iterable(rows), np.int32).tobytes())
        text = pack(texts)
        text_lengths.append(packed_lengths(text))
        packed.append(text.tobytes())
    padding = tokenizer.token_to_id(PADDING) or 0
    return Tokens(
        ids.array(np.int32),
        np.concatenate(lengths),
        packed.array(np.uint8),
        np.concatenate(text_lengths),
        padding,
    )


def _from_vocabulary(path: str) -> Tokenizer:
    """Build BERT's WordPiece from a bare vocabulary, lower-casing unless the folder says otherwise."""
    config = os.path.join(os.path.dirname(path), "tokenizer_config.json")
    options = {}
    if os.path.isfile(config):
        with open(config, encoding="utf-8") as file:
            options = json.load(file)
    wordpiece = BertWordPieceTokenizer(
        WordPiece.read_file(path), lowercase=options.get("do_lower_case", True)
    )
    return Tokenizer.from_str(wordpiece.to_str())
