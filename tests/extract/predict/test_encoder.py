"""New texts become the features and tokens that stage one made of them."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from headstart.cache import UserError, open_cache
from headstart.cache.ragged import split_rows
from headstart.extract.checkpoint.checkpoint import find_checkpoint
from headstart.extract.pipeline.job import ExtractJob, prepare
from headstart.extract.pipeline.run import extract
from headstart.extract.predict.encoder import Encoder
from headstart.extract.settings import Settings
from headstart.extract.text.cleaning import Cleaning

from ..conftest import DISTILBERT, Recorder, random_weights, save_backbone


@pytest.fixture(scope="module", params=["ragged", "padded"])
def job(
    request: pytest.FixtureRequest, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> ExtractJob:
    folder = str(tmp_path_factory.mktemp("encoder"))
    job = prepare(dataclasses.replace(settings, cache_dir=folder, layout=request.param))
    extract(job.settings, Recorder())
    return job


def test_texts_of_a_cache_give_its_features(job: ExtractJob) -> None:
    split = open_cache(job.location).split("test")
    encoder = Encoder(job.recipe, job.checkpoint)
    hidden, pooled = encoder.hidden(encoder.tokenize(split.texts))
    cached = list(split.hidden) if job.recipe.layout == "padded" else split_rows(split.hidden, split.lengths)
    for row, stored in zip(hidden, cached, strict=True):
        np.testing.assert_allclose(row, stored, atol=1e-4)
    np.testing.assert_allclose(pooled, split.pooled, atol=1e-4)


def test_tokens_are_named_row_by_row(job: ExtractJob) -> None:
    texts = ["You are KIND!", "soup"]
    encoder = Encoder(job.recipe, job.checkpoint)
    tokenizer = Tokenizer.from_file(f"{job.checkpoint.folder}/tokenizer.json")
    expected = [tokenizer.encode(text).tokens for text in ("you are kind", "soup")]
    assert encoder.words(encoder.tokenize(texts)) == expected


def test_texts_of_which_nothing_is_left_and_those_that_were_cut_are_told(job: ExtractJob) -> None:
    encoder = Encoder(job.recipe, job.checkpoint)
    longest = job.recipe.max_length
    texts = {
        "": (True, False),
        "  \n": (True, False),
        "!!! ...": (True, False),  # only punctuation, which cleaning takes away
        "\u200b": (True, False),
        "you": (False, False),
        "you " * (longest - 2): (False, False),
        "you " * (longest - 1): (False, True),
        "you " * 10 * longest: (False, True),
    }
    tokens = encoder.tokenize(list(texts))
    assert list(zip(*(flag.tolist() for flag in encoder.flags_of(tokens)), strict=True)) == list(
        texts.values()
    )
    alike = [row for row, (empty, _) in enumerate(texts.values()) if empty]
    words = encoder.words(tokens)
    assert all(words[row] == words[0] for row in alike)


def test_own_expressions_are_for_the_main_thread(job: ExtractJob) -> None:
    encoder = Encoder(job.recipe, job.checkpoint)
    assert encoder.cleans_anywhere
    encoder._cleaning = Cleaning({"exceptions": ["a+"]})
    assert not encoder.cleans_anywhere


def test_batches_are_as_large_as_the_cache_s_on_devices_of_its_kind(job: ExtractJob) -> None:
    sizes = [
        Encoder(job.recipe, job.checkpoint, device=device)._shape.batch_tokens
        for device in (None, {"platform": "tpu", "batch_tokens": 96}, {"platform": "cpu", "batch_tokens": 96})
    ]
    assert sizes == [768, 768, 96]


def test_another_backbone_tokenizer_or_cleaning_is_refused(job: ExtractJob, tmp_path: Path) -> None:
    other = find_checkpoint(str(save_backbone(tmp_path / "other", DISTILBERT, random_weights(DISTILBERT, 1))))
    with pytest.raises(UserError, match=r"its weights have the SHA-256 .*--backbone"):
        Encoder(job.recipe, other)
    with pytest.raises(UserError, match="its tokenizer have the SHA-256"):
        Encoder(dataclasses.replace(job.recipe, tokenizer="0" * 64), job.checkpoint)
    with pytest.raises(UserError, match=r"cleaned by clean-text 0.1, installed are clean-text"):
        Encoder(dataclasses.replace(job.recipe, cleaning_versions="clean-text 0.1"), job.checkpoint)
