"""Tokenizers that could fill the memory are refused before they see a text; those that people use are not."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from headstart.cache import UserError
from headstart.extract.text.pretrained import load_tokenizer
from headstart.extract.text.tokenizer_files import check_growth

from .tokenizer_folders import LENGTH, folder_of, full_file


def text(pattern: str, content: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": {"String": pattern}, "content": content}


def regex(pattern: str, content: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": {"Regex": pattern}, "content": content}


def several(*parts: Any) -> dict[str, Any]:
    return {"type": "Sequence", "normalizers": list(parts)}


def mapped(*replacements: str) -> dict[str, Any]:
    trie, ends = b"\xff\x00\x00\x61" * 4, b"\0".join(part.encode() for part in replacements) + b"\0"
    content = len(trie).to_bytes(4, "little") + trie + ends
    return {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(content).decode()}


def template(special: int, ids: int) -> dict[str, Any]:
    parts = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}] * special
    token = {"id": "[CLS]", "ids": [2] * ids, "tokens": ["[CLS]"] * ids}
    sequence = {"Sequence": {"id": "A", "type_id": 0}}
    return {
        "type": "TemplateProcessing",
        "single": [*parts, sequence],
        "pair": [sequence],
        "special_tokens": {"[CLS]": token},
    }


@pytest.mark.parametrize(
    "normalizer",
    [
        several(*[text("a", "aa")] * 40),
        text("a", "b" * 10_000),
        several(text("ab", "c" * 40), several(text("c", "d" * 40))),
        regex(".", "x" * 1000),
        several(*[regex("", "x")] * 12),
        several(*[{"type": "Prepend", "prepend": "x" * 100}] * 3),
        mapped("a", "b" * 1000),
        several(mapped("c" * 100), text(" ", "___")),
    ],
)
def test_a_text_that_would_grow_without_end_is_refused(normalizer: Any) -> None:
    with pytest.raises(UserError, match=r"a\.json: its normalizer can make a text over 256 times as long"):
        check_growth({"normalizer": normalizer, "post_processor": None, "model": {}}, "a.json")


@pytest.mark.parametrize(
    "normalizer",
    [
        None,
        {"type": "BertNormalizer", "lowercase": True},
        several({"type": "NFC"}, regex("\\s+", " "), {"type": "Lowercase"}),
        several({"type": "Prepend", "prepend": "\u2581"}, text(" ", "\u2581")),
        several(
            text("``", '"'), text("''", '"'), {"type": "NFKD"}, mapped("\u0635" * 18), regex(" {2,}", " ")
        ),
    ],
)
def test_normalizers_that_people_use_are_taken(normalizer: Any) -> None:
    post_processor = {"type": "Sequence", "processors": [{"type": "ByteLevel"}, template(2, 1)]}
    check_growth({"normalizer": normalizer, "post_processor": post_processor, "model": {}}, "a.json")


@pytest.mark.parametrize(
    "processor",
    [template(1, 2000), template(2000, 1), {"type": "Sequence", "processors": [template(40, 20)] * 2}],
)
def test_a_text_is_not_buried_in_special_tokens(processor: Any) -> None:
    with pytest.raises(UserError, match=r"post-processor adds [12],[06]00 tokens"):
        check_growth({"post_processor": processor, "model": {}}, "a.json")


@pytest.mark.parametrize(
    "model",
    [
        {"max_input_chars_per_word": 10**15},
        {"continuing_subword_prefix": "#" * 1000},
        {"end_of_word_suffix": "w" * 1000},
    ],
)
def test_a_word_is_not_tried_in_millions_of_parts(model: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=rf"its {next(iter(model))} is above"):
        check_growth({"model": model}, "a.json")


@pytest.mark.parametrize(
    "fields",
    [
        {"model": 5},
        {"model": {}, "normalizer": {"pattern": {"String": "a"}, "content": "b" * 1000}},
        {"model": {}, "normalizer": {"type": "Sequence", "normalizers": 5}},
        {"model": {}, "post_processor": []},
        {"model": {"max_input_chars_per_word": "many"}},
        {"model": {"end_of_word_suffix": 5}},
    ],
)
def test_what_the_library_does_not_write_is_told(fields: Any) -> None:
    with pytest.raises(UserError, match=r"a\.json cannot be used: a rule is not what the library writes"):
        check_growth(fields, "a.json")


def test_a_folder_with_one_is_refused_in_a_line(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "x", {}, full_file(), {})
    fields = json.loads((folder / "tokenizer.json").read_text())
    load_tokenizer(str(folder), LENGTH)
    (folder / "tokenizer.json").write_text(json.dumps(fields | {"normalizer": text("a", "b" * 10**6)}))
    with pytest.raises(UserError, match="over 256 times as long"):
        load_tokenizer(str(folder), LENGTH)


@pytest.mark.parametrize("labels", [10**9, -1, "many", 1.5, None])
def test_names_of_a_billion_labels_are_not_made(labels: Any, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "x", {}, full_file(), {"config.json": {"num_labels": labels}})
    with pytest.raises(UserError, match=r"config\.json has num_labels"):
        load_tokenizer(str(folder), LENGTH)
