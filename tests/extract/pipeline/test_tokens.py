"""From texts to tokens: what cleaning leaves, what the tokenizer knows, what ends the reading."""

import dataclasses
import json
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headstart.cache import UserError, open_cache
from headstart.extract.pipeline.run import extract
from headstart.extract.pipeline.tokens import texts_of, unless_failed
from headstart.extract.settings import Settings
from headstart.extract.text.texts import TextWriter

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
    folder = save_backbone(tmp_path / "backbone", small, random_weights(small))
    with pytest.raises(UserError, match="knows a token"):
        extract(dataclasses.replace(settings, backbone=str(folder), cache_dir=str(tmp_path)), Recorder())


def test_weights_that_do_not_fit_end_the_reading_of_texts() -> None:
    loading: Future[Any] = Future()
    chunks = unless_failed(loading, iter([["a"], ["b"], ["c"]]))
    assert next(chunks) == ["a"]
    loading.set_exception(UserError("the checkpoint does not fit"))
    with pytest.raises(UserError, match="does not fit"):
        next(chunks)


def with_options(folder: Path, **options: object) -> str:
    """The tiny backbone with a tokenizer_config.json."""
    save_backbone(folder, DISTILBERT, random_weights(DISTILBERT))
    (folder / "tokenizer_config.json").write_text(json.dumps(options))
    return str(folder)


def test_the_side_that_is_cut_off_is_said_and_another_cache(settings: Settings, tmp_path: Path) -> None:
    backbone, recorder = with_options(tmp_path / "left", truncation_side="left"), Recorder()
    location = extract(
        dataclasses.replace(settings, backbone=backbone, cache_dir=str(tmp_path), max_length=6), recorder
    )
    said = "of texts above 6 tokens the end is kept: the tokenizer has truncation_side left"
    assert said in recorder.lines
    other = dataclasses.replace(settings, cache_dir=str(tmp_path), max_length=6)
    recorder = Recorder()
    right = open_cache(extract(other, recorder)).split("test")
    left = open_cache(location).split("test")
    assert said not in recorder.lines
    assert left.rows.tolist() == right.rows.tolist()
    assert (left.hidden[1] != right.hidden[1]).any()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"pad_token": None}, "the tokenizer has no pad_token: --layout padded does not work"),
        ({"padding_side": "left"}, "padding_side left"),
        ({"pad_token": "<new>"}, "pad_token is token 49, but config.json says vocab_size 49"),
    ],
)
def test_rows_that_cannot_be_filled_up_as_pytorch_does(
    settings: Settings, tmp_path: Path, options: dict[str, object], says: str
) -> None:
    backbone = with_options(tmp_path / "tiny", **options)
    padded = dataclasses.replace(settings, backbone=backbone, cache_dir=str(tmp_path), layout="padded")
    with pytest.raises(UserError, match=says):
        extract(padded, Recorder())
    extract(dataclasses.replace(padded, layout="ragged"), Recorder())


def test_another_padding_is_said_and_read_by_the_backbone(settings: Settings, tmp_path: Path) -> None:
    padded = dataclasses.replace(settings, cache_dir=str(tmp_path), layout="padded", max_length=9)
    other, recorder = with_options(tmp_path / "other", pad_token="[MASK]"), Recorder()
    ours = open_cache(extract(dataclasses.replace(padded, backbone=other), recorder)).split("test")
    usual = open_cache(extract(padded, Recorder())).split("test")
    assert "rows are filled up with '[MASK]', token 4" in recorder.lines
    for row, length in enumerate(usual.lengths):
        assert (ours.hidden[row, :length] == usual.hidden[row, :length]).all()
        assert (ours.hidden[row, length:] != usual.hidden[row, length:]).all() or length == 9


def test_texts_of_some_rows() -> None:
    texts = ["a", "b", "c", "d"]
    writer = TextWriter()
    writer.add(texts)
    for held in (texts, writer.finish()):
        assert texts_of(held, np.arange(4)) is held
        assert list(texts_of(held, np.array([1, 3]))) == ["b", "d"]
        assert list(texts_of(held, np.array([], np.int64))) == []
