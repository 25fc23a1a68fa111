"""From texts to tokens: what cleaning leaves, what the tokenizer knows, what ends the reading."""

import dataclasses
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from headstart.cache import UserError
from headstart.extract.pipeline.run import extract
from headstart.extract.pipeline.tokens import unless_failed
from headstart.extract.settings import Settings

from ..conftest import DISTILBERT, Recorder, random_weights, save_backbone


def test_texts_that_clean_to_nothing(settings: Settings, tmp_path: Path) -> None:
    rows = [f'"{text}",{row % 2}' for row, text in enumerate(["?! ..."] * 12)]
    path = tmp_path / "empty.csv"
    path.write_text("\n".join(["text,label", *rows]))
    odd = dataclasses.replace(settings, data=str(path), cache_dir=str(tmp_path))
    with pytest.raises(UserError, match="no rows left after cleaning"):
        extract(odd, Recorder())
    assert [path.name for path in tmp_path.iterdir()] == ["empty.csv"]
    path.write_text("\n".join(["text,label", *rows, "you are,0", "not kind,1"]))
    recorder = Recorder()
    extract(odd, recorder)
    assert any("12 texts are empty after cleaning" in line for line in recorder.lines)


def test_a_vocabulary_smaller_than_the_tokenizer_s(settings: Settings, tmp_path: Path) -> None:
    small = DISTILBERT | {"vocab_size": 12}
    folder = save_backbone(tmp_path / "backbone", small, random_weights(DISTILBERT))
    with pytest.raises(UserError, match="knows a token"):
        extract(dataclasses.replace(settings, backbone=str(folder), cache_dir=str(tmp_path)), Recorder())


def test_weights_that_do_not_fit_end_the_reading_of_texts() -> None:
    loading: Future[Any] = Future()
    chunks = unless_failed(loading, iter([["a"], ["b"], ["c"]]))
    assert next(chunks) == ["a"]
    loading.set_exception(UserError("the checkpoint does not fit"))
    with pytest.raises(UserError, match="does not fit"):
        next(chunks)
