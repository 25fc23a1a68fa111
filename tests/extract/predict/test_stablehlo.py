"""The exported program, run as one who has only JAX would run it."""

import dataclasses
from typing import Any

import jax
import numpy as np
import pytest
from jax import Array, export
from tokenizers import Tokenizer
from transformers import DistilBertConfig

from headstart.extract.pipeline.job import prepare
from headstart.extract.predict.encoder import Encoder
from headstart.extract.predict.stablehlo import Source, as_stablehlo, config_json, tokenizer_json, tokens_in
from headstart.extract.settings import Settings

from ..conftest import DISTILBERT

TEXTS = ["you are kind", "the editor is very rude", "soup"]


def source_of(settings: Settings) -> Source:
    job = prepare(settings)
    return Source(job.recipe, job.checkpoint, True)


def last_token(params: Any, tokens: Array, starts: Array, lengths: Array) -> Any:
    return tokens[starts + lengths - 1] @ params


@pytest.mark.parametrize("layout", ["ragged", "padded"])
def test_rows_of_any_length_score_as_the_encoder_s_features(settings: Settings, layout: str) -> None:
    job = prepare(dataclasses.replace(settings, layout=layout, max_length=12))
    params = np.random.default_rng(0).standard_normal((16, 2), np.float32)
    program = as_stablehlo(
        tokens_in(Source(job.recipe, job.checkpoint, True), last_token, params), job.recipe
    )
    encoder = Encoder(job.recipe, job.checkpoint)
    tokenizer = Tokenizer.from_str(tokenizer_json(Source(job.recipe, job.checkpoint, True)))
    called = jax.jit(export.deserialize(bytearray(program)).call)
    for texts, length in ((TEXTS, 12), (TEXTS[:1], 12 if layout == "padded" else 9)):
        tokenizer.enable_padding(length=length)
        encoded = tokenizer.encode_batch(texts)
        ids = np.array([row.ids for row in encoded], np.int32)
        mask = np.array([row.attention_mask for row in encoded], np.int32)
        rows, _ = encoder.hidden(encoder.tokenize(texts))
        np.testing.assert_allclose(called(ids, mask), [row[-1] @ params for row in rows], atol=1e-4)


def test_the_configuration_is_the_model_s(settings: Settings) -> None:
    config = config_json(source_of(settings))
    assert {name: config[name] for name in DISTILBERT} == DISTILBERT
    assert DistilBertConfig(**config).dim == DISTILBERT["dim"]


def test_the_tokenizer_truncates(settings: Settings) -> None:
    tokenizer = Tokenizer.from_str(tokenizer_json(source_of(dataclasses.replace(settings, max_length=5))))
    assert tokenizer.encode("you are very very very kind").tokens == ["[CLS]", "you", "are", "very", "[SEP]"]
