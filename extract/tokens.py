"""Tokenise with the backbone's own fast tokenizer; no padding."""

import json
import os
from typing import NamedTuple

import numpy as np
from jaxtyping import Int
from tokenizers import Tokenizer
from tokenizers.implementations import BertWordPieceTokenizer
from tokenizers.models import WordPiece

from cache.errors import UserError

FILES = ("tokenizer.json", "vocab.txt")
TEXTS_AT_ONCE = 10_000  # encodings are many times larger than their ids


class Tokens(NamedTuple):
    """Token ids of many rows, one row after another.

    Attributes:
        ids: `[n]` int32.
        lengths: tokens of each row, `[b]` int32.
    """

    ids: Int[np.ndarray, " n"]
    lengths: Int[np.ndarray, " b"]

    @property
    def starts(self) -> Int[np.ndarray, " b"]:
        """Position in `ids` at which each row starts, int64."""
        return np.asarray(np.cumsum(self.lengths, dtype=np.int64) - self.lengths)


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


def tokenize(tokenizer: Tokenizer, texts: list[str]) -> Tokens:
    """Tokenise texts, special tokens included."""
    parts = [np.zeros(0, np.int32)]
    lengths: list[int] = []
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        encodings = tokenizer.encode_batch_fast(texts[start : start + TEXTS_AT_ONCE])
        lengths += [len(encoding.ids) for encoding in encodings]
        parts += [np.asarray(encoding.ids, np.int32) for encoding in encodings]
    return Tokens(np.concatenate(parts), np.asarray(lengths, np.int32))


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
