"""Scores of backbone and head in one program, beside the head on the backbone's features."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from jax import Array

from headstart.extract.pipeline.job import prepare
from headstart.extract.predict.encoder import Encoder
from headstart.extract.settings import Settings

TEXTS = ["you are kind", "soup " * 20, "", "the editor is very rude", "page", "not good"] * 5


def first_and_last(params: Any, tokens: Array, starts: Array, lengths: Array) -> Any:
    """A head that tells where rows begin and end."""
    return {"first": tokens[starts] @ params, "last": tokens[starts + lengths - 1].sum(axis=1)}


@pytest.mark.parametrize("block_rows", [None, 7])
@pytest.mark.parametrize("layout", ["ragged", "padded"])
def test_scores_are_those_of_the_features(settings: Settings, layout: str, block_rows: int | None) -> None:
    job = prepare(dataclasses.replace(settings, layout=layout))
    encoder = Encoder(job.recipe, job.checkpoint, block_rows)
    params = np.random.default_rng(0).standard_normal((16, 3), np.float32)
    scorer, tokens = encoder.scorer(first_and_last, params), encoder.tokenize(TEXTS)
    scores = encoder.score(scorer, tokens)
    rows, _ = encoder.hidden(tokens)
    np.testing.assert_allclose(scores["first"], [row[0] @ params for row in rows], atol=1e-4)
    np.testing.assert_allclose(scores["last"], [row[-1].sum() for row in rows], atol=1e-3)
    assert 1 <= scorer.programs <= 4
