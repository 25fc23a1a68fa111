"""Scores of backbone and head in one program, beside the head on the backbone's features."""

import dataclasses
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from headstart.extract.features.packing import BatchShape, packed_lengths, plan_batches
from headstart.extract.pipeline.job import prepare
from headstart.extract.predict.encoder import Encoder
from headstart.extract.predict.scorer import FEWEST, place_rows
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


@pytest.mark.parametrize("devices", [1, 2, 3])
def test_every_row_is_found_on_its_device(devices: int) -> None:
    lengths = np.random.default_rng(4).integers(1, 33, 100)
    for batch in plan_batches(lengths, BatchShape(packed_lengths(32), 64, devices, packed=True)):
        shares = jnp.arange(batch.height * batch.length).reshape(devices, -1)
        places, slots = place_rows(batch, lengths[batch.rows], devices)
        count = places.starts.shape[1]
        assert count >= FEWEST
        assert count & (count - 1) == 0
        assert len(set(slots)) == len(batch.rows)
        for row, place, slot in zip(batch.rows, batch.places, slots, strict=True):
            device, number = divmod(int(slot), count)
            assert shares[device][places.starts[device, number]] == place
            assert places.lengths[device, number] == lengths[row]
        assert (np.delete(places.lengths.reshape(-1), slots) == 1).all()
