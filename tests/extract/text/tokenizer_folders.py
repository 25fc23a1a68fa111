"""Small folders with a tokenizer, and what AutoTokenizer and the reading of former times make of them."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.implementations import BertWordPieceTokenizer
from tokenizers.models import WordPiece
from transformers import AutoTokenizer

MAKES_ANEW = int(version("transformers").split(".")[0]) >= 5
"""From 5 on, many classes read the words of a tokenizer.json alone, and make the rest as their options say."""

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
OTHER = ["<s>", "</s>", "<pad>"]
WORDS = [
    "you",
    "You",
    "are",
    "kind",
    "KIND",
    "schon",
    "schön",
    "東",
    "京",
    "東京",
    "see",
    "url",
    "very",
    "##s",
    "##here",
]
LETTERS = [*"abcdefghijklmnopqrstuvwxyz<>!,é", "[", "]"]
VOCABULARY = [*SPECIAL, *OTHER, *WORDS, *LETTERS]
TEXTS = [
    "You are KIND!", "Schön, schön éé", "東京 is 東", "see <url>here <url> <URL>", "a [MASK] [PAD]x</s>",
    " emojiface  kinds", "you are very very kind you are very", "",
]  # fmt: skip
LENGTH = 7


def ends_anew(options: dict[str, Any]) -> bool:
    """Whether a release that makes pipelines anew puts other tokens around a text than tokenizer.json does; refused."""
    if not MAKES_ANEW:
        return False
    names = [options.get("cls_token", "[CLS]"), options.get("sep_token", "[SEP]")]
    return options.get("tokenizer_class") != "PreTrainedTokenizerFast" and names != ["[CLS]", "[SEP]"]


def folder_of(
    folder: Path,
    options: dict[str, Any] | None = None,
    full: dict[str, Any] | None = None,
    files: dict[str, Any] | None = None,
    kind: str = "bert",
) -> Path:
    """A folder with a bare vocabulary, with `full` as its tokenizer.json, and with options and other JSON files."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY), encoding="utf-8")
    small = {"config.json": {"model_type": kind}, "tokenizer_config.json": options, "tokenizer.json": full}
    for name, content in (small | (files or {})).items():
        (folder / name).unlink(missing_ok=True)
        if content is not None:
            (folder / name).write_text(
                content if isinstance(content, str) else json.dumps(content), encoding="utf-8"
            )
    return folder


def full_file(**arguments: Any) -> dict[str, Any]:
    """A tokenizer.json of the vocabulary."""
    numbers = {word: number for number, word in enumerate(VOCABULARY)}
    content: dict[str, Any] = json.loads(BertWordPieceTokenizer(numbers, **arguments).to_str())
    return content


def ids_of_auto(folder: Path, **padding: Any) -> list[list[int]]:
    """Each text alone, as people call AutoTokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=True, local_files_only=True)
    return [tokenizer(text, truncation=True, max_length=LENGTH, **padding)["input_ids"] for text in TEXTS]


def ids_of_former_times(folder: Path) -> list[list[int]]:
    """The vocabulary file alone, as it was read before AutoTokenizer was."""
    if (folder / "tokenizer.json").exists():
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    else:
        path = folder / "tokenizer_config.json"
        lowercase = json.loads(path.read_text())["do_lower_case"] if "do_lower" in read(path) else True
        words = WordPiece.read_file(str(folder / "vocab.txt"))
        tokenizer = Tokenizer.from_str(BertWordPieceTokenizer(words, lowercase=lowercase).to_str())
    tokenizer.enable_truncation(LENGTH)
    tokenizer.no_padding()
    return [tokenizer.encode(text).ids for text in TEXTS]


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


FLAGS = st.fixed_dictionaries(
    {name: st.booleans() for name in ("lstrip", "rstrip", "single_word", "normalized", "special")}
)
ADDED = st.lists(st.tuples(st.sampled_from(["<url>", "emojiface", "very", "[MASK]"]), FLAGS), max_size=2)


@st.composite
def added_decoders(draw: Any) -> dict[str, Any]:
    """The option added_tokens_decoder: tokens of the vocabulary at their places, new ones behind it."""
    return {
        str(VOCABULARY.index(word) if word in VOCABULARY else len(VOCABULARY) + place): {
            "content": word,
            **flags,
        }
        for place, (word, flags) in enumerate(draw(ADDED))
    }


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "do_lower_case": st.booleans(),
        "strip_accents": st.sampled_from([None, True, False]),
        "tokenize_chinese_chars": st.booleans(),
        "pad_token": st.sampled_from(["[PAD]", "<pad>", "[MASK]"]),
        "cls_token": st.sampled_from(["[CLS]", "<s>"]),
        "sep_token": st.sampled_from(["[SEP]", "</s>"]),
        "additional_special_tokens": st.sampled_from([[], ["<url>"]]),
        "added_tokens_decoder": added_decoders(),
        "truncation_side": st.sampled_from(["right", "left"]),
        "model_max_length": st.sampled_from([5, 512, 10**30]),
        "tokenizer_class": st.sampled_from(
            ["BertTokenizer", "DistilBertTokenizerFast", "PreTrainedTokenizerFast"]
        ),
        "split_special_tokens": st.booleans(),
    },
).map(lambda options: with_padding(options))


def with_padding(options: dict[str, Any]) -> dict[str, Any]:
    """The options; the class that names no padding of its own gets one, without which nothing can be filled up."""
    return (
        {"pad_token": "[PAD]"} | options
        if options.get("tokenizer_class") == "PreTrainedTokenizerFast"
        else options
    )


FULL = st.none() | st.builds(
    full_file,
    lowercase=st.booleans(),
    strip_accents=st.sampled_from([None, True, False]),
    handle_chinese_chars=st.booleans(),
)
FILES = st.fixed_dictionaries(
    {
        "added_tokens.json": st.sampled_from([None, None, {"<url>": len(VOCABULARY)}]),
        "special_tokens_map.json": st.sampled_from(
            [None, None, {"pad_token": "[PAD]"}, {"pad_token": "<pad>"}]
        ),
    }
)
