"""What the small files of a tokenizer say."""

import json
from pathlib import Path

import pytest

from headstart.cache import UserError
from headstart.extract.text.tokenizer_files import length_limit, read_options, tokenizer_file


def test_a_folder_without_tokenizer(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"tokenizer.json or vocab.txt"):
        tokenizer_file(str(tmp_path))
    assert read_options(str(tmp_path)) == {}


@pytest.mark.parametrize(
    ("options", "sentence", "tokens", "source"),
    [
        ({}, {}, None, ""),
        ({"model_max_length": 10**30}, {}, None, ""),
        ({"model_max_length": 1e30}, {}, None, ""),
        ({"model_max_length": None}, {"max_seq_length": None}, None, ""),
        ({"model_max_length": 512}, {}, 512, "tokenizer_config.json has model_max_length 512"),
        ({"model_max_length": 512.0}, {}, 512, "tokenizer_config.json has model_max_length 512.0"),
        ({"max_len": 64}, {}, 64, "tokenizer_config.json has max_len 64"),
        ({"max_len": 64, "model_max_length": 32}, {}, 32, "tokenizer_config.json has model_max_length 32"),
        (
            {"model_max_length": 512},
            {"max_seq_length": 128},
            128,
            "sentence_bert_config.json has max_seq_length 128",
        ),
        (
            {"model_max_length": 64},
            {"max_seq_length": 128},
            64,
            "tokenizer_config.json has model_max_length 64",
        ),
    ],
)
def test_the_smallest_length_counts(
    tmp_path: Path, options: object, sentence: object, tokens: int | None, source: str
) -> None:
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(options))
    (tmp_path / "sentence_bert_config.json").write_text(json.dumps(sentence))
    limit = length_limit(str(tmp_path))
    assert (limit and limit.tokens) == tokens
    assert (limit.source if limit else "") == source


@pytest.mark.parametrize("length", ["512", 0, -1, 5.5, True, [512], float("nan")])
def test_a_length_that_is_none(tmp_path: Path, length: object) -> None:
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"model_max_length": length}))
    with pytest.raises(UserError, match=r"has model_max_length .*; a whole number above 0 is wanted"):
        length_limit(str(tmp_path))
