"""Tokenizers: exactly AutoTokenizer's ids, or a refusal in one line."""

import copy
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from headstart.cache import UserError
from headstart.extract.text import pretrained
from headstart.extract.text.pretrained import load_tokenizer, refused
from headstart.extract.text.tokenizer import check_ids, tokenize

from .tokenizer_folders import (
    FILES,
    FULL,
    LENGTH,
    MAKES_ANEW,
    OPTIONS,
    OTHER,
    TEXTS,
    VOCABULARY,
    ends_anew,
    folder_of,
    full_file,
    ids_of_auto,
)

ANOTHER = "gives other ids than the file says"
READS_UNKNOWN = {"unknown"}
"""Refused by transformers 4 only: 5 takes the file as it stands for a class that it does not know."""


def ids_of(folder: Path) -> list[list[int]]:
    tokens = tokenize(load_tokenizer(str(folder), LENGTH), [TEXTS[:3], TEXTS[3:]])
    return [
        tokens.ids[start : start + n].tolist() for start, n in zip(tokens.starts, tokens.lengths, strict=True)
    ]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tokenizers")


@given(options=OPTIONS, full=FULL, files=FILES)
@settings(max_examples=25, deadline=None)
def test_any_configuration_gives_autotokenizer_s_ids(
    place: Path, options: dict[str, Any], full: dict[str, Any] | None, files: dict[str, Any]
) -> None:
    folder = folder_of(place / "any", options, full, files)
    if full is None and options.get("tokenizer_class") == "PreTrainedTokenizerFast":
        with pytest.raises(UserError, match=r"PreTrainedTokenizerFast|cannot be used"):
            load_tokenizer(str(folder), LENGTH)
        return
    if full is not None and ends_anew(options):
        with pytest.raises(UserError, match=ANOTHER):
            load_tokenizer(str(folder), LENGTH)
        return
    assert ids_of(folder) == ids_of_auto(folder)
    tokenizer = load_tokenizer(str(folder), LENGTH)
    padded = ids_of_auto(folder, padding="max_length")
    for row, ids in zip(padded, ids_of(folder), strict=True):
        assert row == ids + [tokenizer.padding] * (LENGTH - len(ids))


@pytest.mark.parametrize(
    ("options", "full", "text", "words"),
    [
        ({"strip_accents": False}, None, "Schön", ["[CLS]", "schön", "[SEP]"]),
        ({"tokenize_chinese_chars": False}, None, "東京", ["[CLS]", "東京", "[SEP]"]),
        ({"do_lower_case": False}, full_file(), "KIND", ["[CLS]", "KIND", "[SEP]"]),
        ({"cls_token": "<s>", "sep_token": "</s>"}, None, "kind", ["<s>", "kind", "</s>"]),
        (
            {"truncation_side": "left"},
            None,
            "you are very kind you see you are",
            ["[CLS]", "kind", "you", "see"],
        ),
    ],
)
def test_what_the_options_say(
    tmp_path: Path, options: dict[str, Any], full: dict[str, Any] | None, text: str, words: list[str]
) -> None:
    tokenizer = load_tokenizer(str(folder_of(tmp_path, options, full)), LENGTH).pipeline
    assert tokenizer.encode(text).tokens[: len(words)] == words


def changed(**parts: Any) -> dict[str, Any]:
    return copy.deepcopy(full_file()) | parts


def with_id(number: object) -> dict[str, Any]:
    full = copy.deepcopy(full_file())
    full["model"]["vocab"]["kind"] = number
    return full


REFUSED: dict[str, tuple[dict[str, Any], object, str]] = {
    "slow only": ({"tokenizer_class": "BertJapaneseTokenizer"}, None, "class BertJapaneseTokenizer"),
    "bytes": ({"tokenizer_class": "ByT5Tokenizer"}, full_file(), "class ByT5Tokenizer of .* no fast version"),
    "unknown": ({"tokenizer_class": "NoSuchTokenizer"}, full_file(), "NoSuchTokenizer"),
    "no tokenizer": ({"tokenizer_class": "BertModel"}, full_file(), "BertModel"),
    "endless": ({"tokenizer_class": "AutoTokenizer"}, full_file(), "recursion"),
    "other files": ({"tokenizer_class": "RobertaTokenizer"}, None, "with .* RobertaTok|RobertaTokenizer reads"),
    "SentencePiece": ({"tokenizer_class": "XLMRobertaTokenizer"}, None, "with .* XLMRob|XLMRobertaTokenizer reads"),
    "class as an object": ({"tokenizer_class": {"x": 1}}, None, "cannot be used"),
    "long name of a class": ({"tokenizer_class": "T" * 3_000}, None, "cannot be used with .* T{80}: "),
    "words and boxes": ({"tokenizer_class": "LayoutLMv2Tokenizer"}, full_file(), "LayoutLMv2Tokenizer(Fast)? cannot"),
    "code, as a list": ({"auto_map": ["tok.Own", None]}, full_file(), "own code .*tok.Own"),
    "code, by name": ({"auto_map": {"AutoTokenizer": ["tok.Own", None]}}, full_file(), "own code .*tok.Own"),
    "another place": ({"tokenizer_file": "/elsewhere/tokenizer.json"}, full_file(), "tokenizer_file '/elsewhere"),
    "another vocabulary": ({"vocab_file": "/elsewhere/vocab.txt"}, None, "vocab_file '/elsewhere"),
    "versions": ({"fast_tokenizer_files": ["tokenizer.4.0.json"]}, full_file(), "fast_tokenizer_files"),
    "no boolean": ({"do_lower_case": "no"}, full_file(), "cannot be used"),
    "no side": ({"truncation_side": "up"}, full_file(), "cannot be used.*runcation side"),
    "empty file": ({}, "", "cannot be used"),
    "empty object": ({}, {}, "cannot be used: KeyError.*added_tokens"),
    "array": ({}, "[]", "cannot be used"),
    "cut": ({}, json.dumps(full_file())[:900], "cannot be used"),
    "deep": ({}, "[" * 100_000, "cannot be used"),
    "deep within": ({}, json.dumps(full_file())[:-1] + ',"x":' + "[" * 50_000, "cannot be used"),
    "2^32": ({}, with_id(2**32), "invalid value: integer `4294967296`|PyVocab"),
    "-1": ({}, with_id(-1), "invalid value: integer `-1`|PyVocab"),
    "no number": ({}, with_id("x"), "invalid type|PyVocab"),
    "panics when read": ({}, changed(normalizer={"type": "Precompiled", "precompiled_charsmap": "AA"}), "Precompiled"),
    "panics at a text": (
        {},
        changed(post_processor={
            "type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "[X]", "type_id": 0}}], "pair": [],
            "special_tokens": {},
        }),
        "no entry found",
    ),
    "another segment": (
        {},
        changed(post_processor={
            "type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 1}}], "pair": [],
            "special_tokens": {},
        }),
        f"another segment|{ANOTHER}",
    ),
    "options no JSON": ({}, full_file(), "tokenizer_config.json is not JSON"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_exact_is_refused_in_one_line(
    tmp_path: Path, case: str, capfd: pytest.CaptureFixture[str]
) -> None:
    if MAKES_ANEW and case in READS_UNKNOWN:
        pytest.skip("this release reads the file as it stands")
    options, full, says = REFUSED[case]
    folder = folder_of(tmp_path, options, full)  # type: ignore[arg-type]
    if case == "options no JSON":
        (folder / "tokenizer_config.json").write_text("{")
    with pytest.raises(UserError, match=says) as error:
        load_tokenizer(str(folder), LENGTH)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 1000
    assert capfd.readouterr() == ("", "")


AS_IT_STANDS = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]"}
OTHERWISE: dict[str, dict[str, Any]] = {
    "no end": {"post_processor": None},
    "shorter words": {"model": full_file()["model"] | {"max_input_chars_per_word": 3}},
    "other pieces": {"model": full_file()["model"] | {"continuing_subword_prefix": "@@"}},
    "other blanks": {"pre_tokenizer": {"type": "WhitespaceSplit"}},
}


@pytest.mark.parametrize("built", OTHERWISE)
def test_what_a_release_builds_otherwise_than_the_file_says_is_refused(
    built: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(tmp_path / "written", AS_IT_STANDS, full_file())
    other = folder_of(tmp_path / "built", AS_IT_STANDS, full_file() | OTHERWISE[built])
    monkeypatch.setattr(pretrained, "version", lambda _: "5.0.0")
    load_tokenizer(str(folder), LENGTH)
    build = pretrained._build
    monkeypatch.setattr(pretrained, "_build", lambda _: build(str(other)))
    with pytest.raises(UserError, match=r"transformers 5.0.0 gives other ids than the file says"):
        load_tokenizer(str(folder), LENGTH)


def test_code_beside_the_folder_s_configuration_is_never_run(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, None, full_file())
    (folder / "tok.py").write_text(f"raise SystemExit({str(tmp_path)!r})")
    config = {"model_type": "bert", "auto_map": {"AutoTokenizer": ["tok.Own", "tok.Own"]}}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match=r"config.json wants a tokenizer class of its own code"):
        load_tokenizer(str(folder), LENGTH)
    assert "tok" not in sys.modules


@pytest.mark.parametrize(
    ("options", "obstacle"),
    [
        ({}, ""),
        ({"pad_token": None}, "no pad_token"),
        ({"padding_side": "left"}, "padding_side left"),
    ],
)
def test_what_hinders_padding(tmp_path: Path, options: dict[str, Any], obstacle: str) -> None:
    folder = folder_of(tmp_path, options)
    tokenizer = load_tokenizer(str(folder), LENGTH)
    assert re.search(obstacle, tokenizer.obstacle)
    assert bool(tokenizer.obstacle) == bool(obstacle)
    assert ids_of(folder) == ids_of_auto(folder)  # without padding it does not matter


def test_the_token_that_fills_up_rows(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(str(folder_of(tmp_path, {"pad_token": OTHER[2]})), LENGTH)
    assert (tokenizer.padding, tokenizer.pad_token) == (VOCABULARY.index(OTHER[2]), OTHER[2])
    assert tokenize(tokenizer, [["kind"]]).padding == tokenizer.padding


def test_ids_that_no_integer_of_32_bits_holds_are_named(tmp_path: Path) -> None:
    tokens = tokenize(load_tokenizer(str(folder_of(tmp_path, {}, with_id(2**32 - 1))), LENGTH), [["kind"]])
    with pytest.raises(UserError, match=r"knows a token 4294967295, but its config.json says vocab_size 60"):
        check_ids(tokens, "tiny", 60)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interruption_stays_one(error: type[BaseException]) -> None:
    def work() -> None:
        with refused("x"):
            raise error

    run: Callable[[], None] = work
    with pytest.raises(error):
        run()
