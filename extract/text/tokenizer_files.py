"""The files that decide a backbone's tokenizer: the lengths that they set, and how much longer they make a text."""

import base64
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
MOST_GROWTH = 256
"""Times that a text's characters may grow; SentencePiece's own rules make 18 of one Arabic ligature."""
MOST_ADDED = 1000
"""Special tokens that may be put around a text."""
MOST_LETTERS = {
    "max_input_chars_per_word": 1000,
    "continuing_subword_prefix": 100,
    "end_of_word_suffix": 100,
}
"""Most of what a model tries for each part of each word, whose length counts twice."""


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


def check_growth(tokenizer: dict[str, Any], name: str) -> None:
    """Refuse a tokenizer whose rules could fill the memory or never end, before it sees a text.

    Args:
        tokenizer: The parsed tokenizer.json.
        name: Its path, for the message.

    Raises:
        UserError: it makes a text too long, or is not what the tokenizers library writes.
    """
    try:
        growth, added = _growth(tokenizer.get("normalizer")), _added(tokenizer.get("post_processor"))
        large = [option for option, most in MOST_LETTERS.items() if _size(tokenizer, option) > most]
    except (TypeError, ValueError, AttributeError, KeyError, RecursionError) as error:
        reason = f"{type(error).__name__} {error}"
        raise UserError(f"{name} cannot be used: a rule is not what the library writes: {reason}") from None
    if growth > MOST_GROWTH:
        raise UserError(f"{name}: its normalizer can make a text over {MOST_GROWTH} times as long")
    if added > MOST_ADDED:
        raise UserError(
            f"{name}: its post-processor adds {added:,} tokens to a text; at most {MOST_ADDED:,} work"
        )
    if large:
        raise UserError(f"{name}: its {large[0]} is above {MOST_LETTERS[large[0]]:,}, which takes too long")


def _growth(normalizer: Any) -> int:
    """How many characters one can become, at most."""
    if normalizer is None:
        return 1
    return _GROWTHS.get(normalizer["type"], lambda _: 1)(normalizer)


def _of_all(normalizer: Any) -> int:
    product = 1
    for part in normalizer["normalizers"]:
        product = min(product * _growth(part), MOST_GROWTH + 1)  # a product of thousands has no end either
    return product


def _of_replacing(normalizer: Any) -> int:
    (kind, pattern), content = next(iter(normalizer["pattern"].items())), len(normalizer["content"])
    if kind == "String" and pattern:
        return max(1, -(-content // len(pattern)))
    return 1 + content  # between all characters, where it matches nothing


def _of_map(normalizer: Any) -> int:
    """The longest replacement of SentencePiece's: behind a trie, whose bytes come first, each ends in a NUL."""
    try:
        content = base64.b64decode(normalizer["precompiled_charsmap"] or "")
    except ValueError as error:
        raise ValueError(f"Precompiled: {error}") from None
    replacements = content[4 + int.from_bytes(content[:4], "little") :]
    return max(1, *(len(part.decode(errors="replace")) for part in replacements.split(b"\0")))


_GROWTHS = {
    "Sequence": _of_all,
    "Replace": _of_replacing,
    "Prepend": lambda normalizer: 1 + len(normalizer["prepend"]),
    "Precompiled": _of_map,
}


def _added(processor: Any) -> int:
    """How many tokens are put around a text, at most."""
    if processor is None:
        return 0
    if processor["type"] == "Sequence":
        return sum(map(_added, processor["processors"]))
    if processor["type"] != "TemplateProcessing":
        return 2
    ids = {name: len(token["ids"]) for name, token in processor["special_tokens"].items()}
    parts = [part["SpecialToken"]["id"] for part in processor["single"] if "SpecialToken" in part]
    return sum(ids.get(part, 0) for part in parts)


def _size(tokenizer: dict[str, Any], option: str) -> int:
    value = tokenizer.get("model", {}).get(option)
    if value is None:
        return 0
    return int(value) if option.startswith("max_") else len(value)
