"""The tokenizer's part of the recipe: a hash of every file that decides an id."""

import hashlib
import os
from typing import Any

from tokenizers import Tokenizer

from headstart.cache.recipe import canonical_json
from headstart.cache.runtime.files import file_sha256
from headstart.extract.text.pretrained import load_tokenizer
from headstart.extract.text.tokenizer_files import (
    FULL,
    OPTIONS,
    TOKENIZER_FILES,
    VOCABULARY,
    read_options,
    tokenizer_file,
)

NAMED = {
    "unk_token": "[UNK]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
}
"""Special tokens, as BERT's and DistilBERT's tokenizers call them unless the options say otherwise."""
FLAGS = ("content", "lstrip", "rstrip", "single_word", "normalized", "special")
EMPTY = {"extra_special_tokens", "additional_special_tokens"}
"""Options that change no id where they hold nothing."""
UNDERSTOOD = {
    *NAMED, *EMPTY, "do_lower_case", "strip_accents", "tokenize_chinese_chars", "added_tokens_decoder",
    "tokenizer_class", "model_max_length", "max_len", "truncation_side", "padding_side", "never_split",
    "clean_up_tokenization_spaces", "do_basic_tokenize", "name_or_path", "special_tokens_map_file",
}  # fmt: skip
"""Options of which this file knows what they do to an id."""
PROBE_LENGTH = 8


def tokenizer_sha256(folder: str, config: dict[str, Any], padded: bool) -> str:
    """Return a hash that two folders share only if their tokenizers give the same ids.

    Before tokenizers came from AutoTokenizer, the vocabulary file alone was read (beside a bare vocabulary also
    `do_lower_case`) and hashed. Where the other files only repeat what that file says, caches of that time are right,
    and the hash is still theirs: of tokenizer.json, or of vocab.txt and tokenizer_config.json. Otherwise it is the
    hash of all files, and of what config.json says of the tokenizer's class.

    Args:
        folder: The backbone's folder.
        config: Its parsed config.json.
        padded: Whether the token that fills up rows counts too, as it does in the layout `padded`.

    Raises:
        UserError: there is no tokenizer, or the one in doubt cannot be used.
    """
    path = tokenizer_file(folder)
    if only_repeats(folder, config) or (path.endswith(FULL) and builds_the_same(folder, padded)):
        options = os.path.join(folder, OPTIONS)
        beside = [options] if path.endswith(VOCABULARY) and os.path.isfile(options) else []
        digests = [file_sha256(file) for file in (path, *beside)]
        return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    paths = {name: os.path.join(folder, name) for name in TOKENIZER_FILES}
    facts = {name: file_sha256(file) for name, file in paths.items() if os.path.isfile(file)}
    facts |= {name: str(config.get(name)) for name in ("model_type", "tokenizer_class")}
    return hashlib.sha256(canonical_json(facts).encode()).hexdigest()


def only_repeats(folder: str, config: dict[str, Any]) -> bool:
    """Whether the small files say nothing that the vocabulary file does not; False where it is hard to tell.

    It spares a finished cache the second that transformers takes to load.
    """
    try:
        options, named = read_options(folder), read_options(folder, "special_tokens_map.json")
        if read_options(folder, "added_tokens.json") or not _is_plain(options, named, config):
            return False
        path = tokenizer_file(folder)
        full = read_options(folder, FULL) if path.endswith(FULL) else _full(path, options)
        return _same_normalizer(full, options) and _same_tokens(full, options, named)
    except (KeyError, TypeError, ValueError, AttributeError):  # not what transformers writes
        return False


def builds_the_same(folder: str, padded: bool) -> bool:
    """Whether AutoTokenizer builds what tokenizer.json alone describes.

    Raises:
        UserError: it builds nothing.
    """
    tokenizer, alone = load_tokenizer(folder, PROBE_LENGTH), Tokenizer.from_file(os.path.join(folder, FULL))
    plain = not tokenizer.cuts_left and not tokenizer.pipeline.encode_special_tokens
    for pipeline in (tokenizer.pipeline, alone):
        pipeline.no_truncation()
        pipeline.no_padding()
    same_padding = tokenizer.padding == (alone.token_to_id(NAMED["pad_token"]) or 0)
    return plain and tokenizer.pipeline.to_str() == alone.to_str() and (same_padding or not padded)


def _is_plain(options: dict[str, Any], named: dict[str, Any], config: dict[str, Any]) -> bool:
    """Whether the class is BERT's or DistilBERT's, and every option one that is understood."""
    name = options.get("tokenizer_class") or config.get("tokenizer_class") or "BertTokenizer"
    return (
        config["model_type"] in ("bert", "distilbert")
        and name.removesuffix("Fast") in ("BertTokenizer", "DistilBertTokenizer")
        and set(options) <= UNDERSTOOD
        and set(named) <= {*NAMED, *EMPTY}
        and not any(options.get(name) or named.get(name) for name in EMPTY)
        and options.get("truncation_side", "right") == "right"
    )


def _full(path: str, options: dict[str, Any]) -> dict[str, Any]:
    """What was made of a bare vocabulary, in the form of a tokenizer.json."""
    # Rust, which read it, ends a line nowhere else and drops blanks there.
    with open(path, encoding="utf-8", newline="\n") as file:
        words = [line.rstrip("\n") for line in file]
    if len(set(words)) < len(words) or any(word != word.rstrip() for word in words):
        raise ValueError("words that were read in another way")
    flags = dict.fromkeys(FLAGS, False) | {"special": True}
    places = {word: place for place, word in enumerate(words)}
    return {
        "added_tokens": [flags | {"content": token, "id": places[token]} for token in NAMED.values()],
        "normalizer": {
            "type": "BertNormalizer",
            "lowercase": options.get("do_lower_case", True),
            "strip_accents": None,
            "handle_chinese_chars": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
    }


def _same_normalizer(full: dict[str, Any], options: dict[str, Any]) -> bool:
    normalizer = full["normalizer"]
    return bool(
        normalizer["type"] == "BertNormalizer"
        and full["pre_tokenizer"]["type"] == "BertPreTokenizer"
        and normalizer["lowercase"] == options.get("do_lower_case", True)
        and normalizer["strip_accents"] == options.get("strip_accents")
        and normalizer["handle_chinese_chars"] == options.get("tokenize_chinese_chars", True)
        and (full.get("truncation") or {}).get("direction", "Right") == "Right"
    )


def _same_tokens(full: dict[str, Any], options: dict[str, Any], named: dict[str, Any]) -> bool:
    """Whether every special or added token is among those of the vocabulary file, with the same flags."""
    added = {token["content"]: token for token in full["added_tokens"]}
    for name, value in (*(NAMED | options | named).items(), *options.items()):
        token = value if isinstance(value, dict) else {"content": value}
        if name in NAMED and any(
            added[token["content"]][flag] != token[flag] for flag in FLAGS if flag in token
        ):
            return False
        if name == "pad_token" and token["content"] != NAMED[name]:  # the one that was looked for
            return False
    listed = options.get("added_tokens_decoder", {})
    return all(added[token["content"]] == {**token, "id": int(number)} for number, token in listed.items())
