import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.extract.features.packing import (
    BatchShape,
    PackedBatch,
    bucket_lengths,
    packed_lengths,
    padded_tokens,
    plan_batches,
)

LENGTHS = np.random.default_rng(0).integers(2, 151, 3000)


@pytest.mark.parametrize("longest", [3, 16, 17, 64, 128, 150, 512])
@pytest.mark.parametrize("lengths", [bucket_lengths, packed_lengths])
def test_lengths_rise_to_the_longest_row(lengths, longest: int) -> None:
    found = lengths(longest)
    assert found == sorted(set(found))
    assert longest <= found[-1] < longest + 8
    assert len(found) <= 20


def test_the_notebook_s_length_needs_few_shapes() -> None:
    assert bucket_lengths(150) == [16, 24, 32, 40, 48, 64, 80, 96, 120, 150]
    assert packed_lengths(150) == [40, 80, 120, 152]


def check(batches: list[PackedBatch], lengths: np.ndarray, packed: bool, devices: int) -> None:
    """Every token of every row has a place of its own, and no row crosses the end of its sequence."""
    assert sorted(row for batch in batches for row in batch.rows) == list(range(len(lengths)))
    for batch in batches:
        taken = np.zeros((batch.height, batch.length), int)
        for row, place in zip(batch.rows, batch.places, strict=True):
            sequence, start = divmod(int(place), batch.length)
            assert start + lengths[row] <= batch.length
            taken[sequence, start : start + lengths[row]] += 1
            assert packed or start == 0
        assert taken.max() == 1
        assert batch.height % devices == 0


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("devices", [1, 3, 8])
@pytest.mark.parametrize("rows", [1, 2, 7, 200])
def test_every_row_has_its_place(rows: int, devices: int, packed: bool) -> None:
    lengths = np.random.default_rng(rows).integers(2, 151, rows)
    sequences = packed_lengths(150) if packed else bucket_lengths(150)
    check(plan_batches(lengths, BatchShape(sequences, 256, devices, packed)), lengths, packed, devices)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=60), st.integers(1, 200), st.integers(1, 4))
def test_any_lengths_have_their_places(lengths: list[int], batch_tokens: int, devices: int) -> None:
    own = np.array(lengths)
    check(plan_batches(own, BatchShape(packed_lengths(40), batch_tokens, devices, True)), own, True, devices)


@pytest.mark.parametrize("lengths", [bucket_lengths, packed_lengths])
@pytest.mark.parametrize("longest", range(1, 41))
def test_rows_as_long_as_the_longest_have_their_places(lengths, longest: int) -> None:
    """From 17 to 24 there are three lengths of packed sequences: every second of them has to be the longest, too."""
    rows, packed = np.full(30, longest), lengths is packed_lengths
    check(plan_batches(rows, BatchShape(lengths(longest), 256, 2, packed)), rows, packed, 2)


@pytest.mark.parametrize("packed", [True, False])
def test_a_row_that_no_sequence_holds_is_refused(packed: bool) -> None:
    with pytest.raises(ValueError, match="no sequence of 16 tokens holds a row of 17"):
        plan_batches(np.array([3, 17]), BatchShape([8, 16], 64, 1, packed))


def test_only_the_last_batch_is_filled_up() -> None:
    batches = plan_batches(LENGTHS[:500], BatchShape(bucket_lengths(150), 1024, 2, False))
    assert all(len(batch.rows) == batch.height for batch in batches[:-1])


def test_packing_leaves_little_padding() -> None:
    """Comments are short, with a long tail; of even lengths (3 to 150) some do not pair up."""
    short = np.clip(np.random.default_rng(0).lognormal(3.6, 0.9, 1000), 3, 150).astype(int)
    for lengths, most in ((short, 1.03), (LENGTHS[:1000], 1.06)):
        batches = plan_batches(lengths, BatchShape(packed_lengths(150), 1024, 2, True))
        assert lengths.sum() <= padded_tokens(batches) < most * lengths.sum()


@pytest.mark.parametrize("packed", [True, False])
def test_one_shape_per_length(packed: bool) -> None:
    sequences = packed_lengths(150) if packed else bucket_lengths(150)
    batches = plan_batches(LENGTHS, BatchShape(sequences, 1024, 1, packed))
    shapes = {(batch.height, batch.length) for batch in batches}
    assert len(shapes) == len({length for _, length in shapes}) <= 12


def test_a_small_block_is_not_blown_up_to_the_token_budget() -> None:
    lengths = np.array([5, 9, 3, 7])
    assert (
        padded_tokens(plan_batches(lengths, BatchShape(packed_lengths(16), 10**6, 1, True)))
        <= 2 * lengths.sum()
    )
