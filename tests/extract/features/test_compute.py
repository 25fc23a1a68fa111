"""A block's rows laid into batches, pooled and put back in order."""

import tracemalloc

import jax.numpy as jnp
import numpy as np
import pytest

from headstart.extract.backbone.distilbert import Backbone, Inputs, States
from headstart.extract.features.blocks import BlockPlan, BlockRows, cut, plan_blocks
from headstart.extract.features.compute import TokenizedRows, compute_block, gather, pool_rows, run_ahead
from headstart.extract.features.packing import BatchShape, PackedBatch
from headstart.extract.text.tokenizer import Tokens
from headstart.heads.pooling import pool

LENGTHS = np.array([3, 1, 7, 2], np.int32)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_pooled_features_are_those_of_the_heads(dtype: str) -> None:
    hidden = np.random.default_rng(0).standard_normal((LENGTHS.sum(), 5)).astype(dtype)
    rows = np.split(hidden, np.cumsum(LENGTHS)[:-1])
    found = pool_rows(hidden, LENGTHS)
    assert found.dtype == hidden.dtype
    for row, pooled in zip(rows, found, strict=True):
        wanted = pool(jnp.asarray(row)[None], jnp.ones((1, len(row)), bool))[0]
        np.testing.assert_allclose(pooled, wanted, rtol=1e-3 if dtype == "float16" else 1e-6, atol=1e-6)


def test_what_is_not_finite_shows() -> None:
    hidden = np.zeros((LENGTHS.sum(), 5), np.float16)
    hidden[4, 2] = np.inf
    assert not np.isfinite(pool_rows(hidden, LENGTHS)[2, :, 2]).all()
    assert np.isfinite(pool_rows(hidden, LENGTHS)[[0, 1, 3]]).all()


class Echo(Backbone):
    """A backbone of width `d` whose every hidden state is the token's id."""

    def __init__(self, width: int) -> None:
        self.width, self.storage_dtype, self.layers, self.last = width, np.dtype(np.float32), (), 1

    def run(self, batch: Inputs) -> States:
        ids = np.asarray(batch.ids, np.float32)[None, ..., None]
        return States(jnp.asarray(np.broadcast_to(ids, (*ids.shape[:-1], self.width))))


@pytest.mark.parametrize(("layout", "keeps"), [("ragged", True), ("pooled", False)])
def test_a_pooled_run_keeps_no_hidden_states_of_a_block(layout: str, keeps: bool) -> None:
    """64 batches of a row each: what NumPy holds at its highest is far below the block's hidden states."""
    rows, length, width = 64, 50, 128
    lengths = np.full(rows, length, np.int32)
    batches = [PackedBatch(np.array([row]), np.array([0]), length, 1) for row in range(rows)]
    plan = BlockPlan(BlockRows("train", 0, 0, np.arange(rows)), lengths, rows, batches)
    texts = np.zeros(rows, np.uint8), np.ones(rows, np.int64)
    tokens = Tokens(np.arange(rows * length, dtype=np.int32), lengths, *texts)
    used = TokenizedRows(tokens, np.zeros(rows, np.int32), np.arange(rows))
    Echo(width).run(gather(batches[0], plan, used))  # JAX starts, outside of what is measured
    tracemalloc.start()
    block = compute_block(Echo(width), plan, used, layout)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    hidden = rows * length * width * 4
    assert (peak > hidden, block.hidden is not None) == (keeps, keeps)
    assert block.pooled[:, 0, 0].tolist() == tokens.ids[tokens.starts].tolist()
    if not keeps:
        assert peak < hidden / 4


def tokenized(rows: int) -> TokenizedRows:
    """Rows of 1 to 9 tokens, each token another number."""
    lengths = np.random.default_rng(1).integers(1, 10, rows).astype(np.int32)
    ids = np.random.default_rng(2).permutation(np.arange(1, 1 + lengths.sum())).astype(np.int32)
    tokens = Tokens(ids, lengths, np.zeros(rows, np.uint8), np.ones(rows, np.int64), padding=0)
    return TokenizedRows(tokens, np.arange(rows, dtype=np.int32) % 2, 100 + np.arange(rows))


@pytest.mark.parametrize("packed", [True, False])
def test_each_sequence_holds_whole_rows_one_after_another(packed: bool) -> None:
    rows, shape = tokenized(40), BatchShape([4, 9], 36, 2, packed)
    (plan,) = plan_blocks(
        cut({"train": np.random.default_rng(3).permutation(40)}, 40), rows.tokens, shape
    ).blocks
    by_row = [row.tolist() for row in np.split(rows.tokens.ids, np.cumsum(rows.tokens.lengths)[:-1])]
    seen = []
    for batch in plan.batches:
        inputs = gather(batch, plan, rows)
        assert inputs.noise is None
        for ids, segments, positions in zip(inputs.ids, inputs.segments, inputs.positions, strict=True):
            for number in range(1, segments.max() + 1):
                seen.append(ids[segments == number].tolist())
                assert positions[segments == number].tolist() == list(range(len(seen[-1])))
            assert not ids[segments == 0].any()
    assert sorted(seen) == sorted(by_row)


def test_dropout_depends_on_view_and_row() -> None:
    rows, shape = tokenized(7), BatchShape([9], 36, 1, packed=False)
    (plan,) = plan_blocks(cut({"train-view-3": np.arange(7)[::-1]}, 7), rows.tokens, shape).blocks
    by_ids = {
        tuple(row): 100 + n for n, row in enumerate(np.split(rows.tokens.ids, np.cumsum(rows.tokens.lengths)))
    }
    for batch in plan.batches:
        inputs = gather(batch, plan, rows)
        assert inputs.noise is not None
        assert set(inputs.noise[:, 0]) == {3}
        for sequence in range(len(batch.rows)):
            real = inputs.ids[sequence][inputs.segments[sequence] > 0]
            assert inputs.noise[sequence, 1] == by_ids[tuple(real)]


def test_a_batch_is_started_before_the_one_ahead_of_it_is_finished() -> None:
    batches = [PackedBatch(np.array([n]), np.array([0]), 1, 1) for n in range(3)]
    events = []

    def start(batch: PackedBatch) -> int:
        events.append(f"start {batch.rows[0]}")
        return int(batch.rows[0])

    for batch, number in run_ahead(batches, start):
        assert batch.rows[0] == number
        events.append(f"finish {number}")
    assert events == ["start 0", "start 1", "finish 0", "start 2", "finish 1", "finish 2"]
