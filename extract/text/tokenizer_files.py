"""The files that decide a backbone's tokenizer, and the lengths that they set."""

import os
from typing import Any, NamedTuple

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.files import read_json_object
from headstart.cache.runtime.text import brief

FULL, VOCABULARY = "tokenizer.json", "vocab.txt"
OPTIONS = "tokenizer_config.json"
SMALL_FILES = (OPTIONS, "special_tokens_map.json", "added_tokens.json")
TOKENIZER_FILES = (FULL, VOCABULARY, *SMALL_FILES)
"""Every file that AutoTokenizer reads for a tokenizer that works here, but for config.json."""
SENTENCE_FILES = ("sentence_bert_config.json", "sentence_distilbert_config.json")
"""Where sentence-transformers says how many tokens of a text it keeps."""
UNLIMITED = 10**9
"""From here on a length means none: transformers writes 10 ** 30."""


class LengthLimit(NamedTuple):
    """The most tokens of a text that a checkpoint is made for.

    Attributes:
        tokens: So many, special tokens included.
        source: File and option that say so.
    """

    tokens: int
    source: str


def tokenizer_file(folder: str) -> str:
    """Path of the file that holds a backbone's vocabulary.

    Raises:
        UserError: the folder has none.
    """
    for name in (FULL, VOCABULARY):
        if os.path.isfile(path := os.path.join(folder, name)):
            return path
    raise UserError(f"{folder} holds no tokenizer: wanted {FULL} or {VOCABULARY}")


def read_options(folder: str, name: str = OPTIONS) -> dict[str, Any]:
    """A small JSON file of a folder; empty where there is none.

    Raises:
        UserError: it is no JSON object.
    """
    path = os.path.join(folder, name)
    return read_json_object(path) if os.path.isfile(path) else {}


def length_limit(folder: str) -> LengthLimit | None:
    """The smallest length that the tokenizer's or sentence-transformers' files set; None if they set none.

    Raises:
        UserError: one is no whole number above 0.
    """
    options = read_options(folder)
    # transformers takes the old name where the new one is missing.
    name = "model_max_length" if "model_max_length" in options else "max_len"
    lengths = [(OPTIONS, name, options.get(name))]
    lengths += [
        (file, "max_seq_length", read_options(folder, file).get("max_seq_length")) for file in SENTENCE_FILES
    ]
    limits = [_limit(*length) for length in lengths if length[2] is not None]
    return min((limit for limit in limits if limit.tokens < UNLIMITED), default=None)


def _limit(file: str, option: str, value: Any) -> LengthLimit:
    if type(value) not in (int, float) or not value >= 1 or (value < UNLIMITED and value != int(value)):
        raise UserError(f"{file} has {option} {brief(value)}; a whole number above 0 is wanted")
    return LengthLimit(int(min(value, UNLIMITED)), f"{file} has {option} {value}")
