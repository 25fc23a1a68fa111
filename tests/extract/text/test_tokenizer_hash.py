"""The tokenizer's hash: other ids, another hash; and the hash of former times where the ids of that time were right."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from headstart.cache import UserError
from headstart.extract.checkpoint.checkpoint import find_checkpoint
from headstart.extract.text import tokenizer_hash
from headstart.extract.text.tokenizer_hash import builds_the_same, only_repeats, tokenizer_sha256

from .tokenizer_folders import (
    FILES,
    FULL,
    LENGTH,
    OPTIONS,
    SPECIAL,
    VOCABULARY,
    ends_anew,
    folder_of,
    full_file,
    ids_of_auto,
    ids_of_former_times,
)

CONFIG = {"model_type": "bert"}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def former_sha256(folder: Path) -> str:
    """The hash before AutoTokenizer read tokenizers."""
    if (folder / "tokenizer.json").exists():
        return sha256(folder / "tokenizer.json")
    digests = [
        sha256(folder / name) for name in ("vocab.txt", "tokenizer_config.json") if (folder / name).exists()
    ]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hashes")


def check(folder: Path, by_hash: dict[str, str]) -> None:
    """One folder: its hash is of former times only where the ids of that time were right, and means these ids."""
    ids, padded = ids_of_auto(folder), ids_of_auto(folder, padding="max_length")
    quick = only_repeats(str(folder), CONFIG)
    for layout, meaning in (("ragged", ids), ("padded", padded)):
        digest = tokenizer_sha256(str(folder), CONFIG, layout == "padded")
        if digest == former_sha256(folder):
            assert ids == ids_of_former_times(folder)
            assert layout == "ragged" or padded == [row + [0] * (LENGTH - len(row)) for row in ids]
        assert by_hash.setdefault(f"{layout} {digest}", json.dumps(meaning)) == json.dumps(meaning)
    if quick and (folder / "tokenizer.json").exists():
        assert builds_the_same(str(folder), padded=True)


@given(options=OPTIONS, full=FULL, files=FILES)
@settings(max_examples=25, deadline=None)
def test_a_hash_means_the_same_ids_for_ever(
    place: Path, options: dict[str, Any], full: dict[str, Any] | None, files: dict[str, Any]
) -> None:
    if full is None and options.get("tokenizer_class") == "PreTrainedTokenizerFast":
        options = options | {"tokenizer_class": "BertTokenizer"}
    folder = folder_of(place / "any", options, full, files)
    if full is not None and ends_anew(options):
        with pytest.raises(UserError, match="gives other ids than the file says"):
            tokenizer_sha256(str(folder), CONFIG, padded=False)
        return
    check(folder, BY_HASH)


BY_HASH: dict[str, str] = {}


DECODER = {
    str(number): {
        "content": word, "lstrip": False, "rstrip": False, "single_word": False, "normalized": False, "special": True,
    }
    for number, word in enumerate(SPECIAL)
}  # fmt: skip
RIGHT: dict[str, tuple[dict[str, Any] | None, dict[str, Any] | None]] = {
    "alone": (None, full_file()),
    "of BERT's first release": ({"do_lower_case": True, "model_max_length": 512}, full_file()),
    "cased": ({"do_lower_case": False}, full_file(lowercase=False)),
    "as saved today": (
        {
            "do_lower_case": True, "strip_accents": None, "tokenize_chinese_chars": True,
            "tokenizer_class": "BertTokenizer",
            "added_tokens_decoder": DECODER, "pad_token": "[PAD]", "mask_token": "[MASK]", "extra_special_tokens": {},
            "model_max_length": 10**30, "never_split": None, "do_basic_tokenize": True,
        },
        full_file(),
    ),
    "bare vocabulary": (None, None),
    "bare vocabulary and case": ({"do_lower_case": False, "tokenizer_class": "BertTokenizer"}, None),
}  # fmt: skip
WRONG: dict[str, tuple[dict[str, Any] | None, dict[str, Any] | None]] = {
    "accents": ({"strip_accents": False}, None),
    "Chinese": ({"tokenize_chinese_chars": False}, None),
    "another class": ({"tokenizer_class": "BertJapaneseTokenizer"}, None),
    "case against tokenizer.json": (None, full_file(lowercase=False)),
    "accents against tokenizer.json": ({"strip_accents": False}, full_file()),
    "left": ({"truncation_side": "left"}, full_file()),
    "names": ({"cls_token": "<s>"}, None),
    "special tokens split": ({"split_special_tokens": True}, full_file()),
    "an added token": ({"additional_special_tokens": ["<url>"]}, full_file()),
}


@pytest.mark.parametrize("case", RIGHT)
def test_caches_that_were_right_keep_their_key_and_need_no_transformers(
    tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(tmp_path, *RIGHT[case])
    monkeypatch.setattr(tokenizer_hash, "load_tokenizer", lambda *_: pytest.fail("took a second"))
    for padded in (False, True):
        assert tokenizer_sha256(str(folder), CONFIG, padded) == former_sha256(folder)
    assert ids_of_auto(folder) == ids_of_former_times(folder)


@pytest.mark.parametrize("case", WRONG)
def test_caches_that_were_wrong_have_another_key(tmp_path: Path, case: str) -> None:
    folder = folder_of(tmp_path, *WRONG[case])
    assert tokenizer_sha256(str(folder), CONFIG, padded=False) != former_sha256(folder)


@pytest.mark.parametrize(
    "name", ["tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.txt"]
)
def test_every_file_counts_where_one_says_more(tmp_path: Path, name: str) -> None:
    files = {
        "special_tokens_map.json": {"pad_token": "[PAD]"},
        "added_tokens.json": {"<url>": len(VOCABULARY)},
    }
    folder = folder_of(tmp_path, {"strip_accents": False}, None, files)
    before = tokenizer_sha256(str(folder), CONFIG, padded=False)
    (folder / name).write_text((folder / name).read_text() + " ")
    assert tokenizer_sha256(str(folder), CONFIG, padded=False) != before
    assert tokenizer_sha256(str(folder), {"model_type": "distilbert"}, padded=False) != before


def test_padding_counts_only_where_it_is_stored(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"pad_token": "[MASK]"}, full_file())
    assert tokenizer_sha256(str(folder), CONFIG, padded=False) == former_sha256(folder)
    assert tokenizer_sha256(str(folder), CONFIG, padded=True) != former_sha256(folder)


@pytest.mark.parametrize("name", ["tokenizer_config.json", "special_tokens_map.json", "tokenizer.json"])
@pytest.mark.parametrize("content", ["[]", "{", '{"added_tokens": 5}', '{"pad_token": [1]}'])
def test_damaged_files_are_refused_or_change_the_hash(tmp_path: Path, name: str, content: str) -> None:
    folder = folder_of(tmp_path, {}, full_file())
    (folder / name).write_text(content)
    harmless = name != "tokenizer.json" and "added" in content  # an option that no tokenizer has
    if harmless:
        assert tokenizer_sha256(str(folder), CONFIG, padded=False) == former_sha256(folder)
        return
    with pytest.raises(UserError, match=rf"{name}|tokenizer.json cannot be used"):
        tokenizer_sha256(str(folder), CONFIG, padded=False)


def test_the_bundled_model_keeps_its_key() -> None:
    checkpoint = find_checkpoint("minilm")
    assert only_repeats(checkpoint.folder, checkpoint.config)
    for padded in (False, True):
        digest = find_checkpoint("minilm", padded).tokenizer_sha256
        assert digest == sha256(Path(checkpoint.folder) / "tokenizer.json")
