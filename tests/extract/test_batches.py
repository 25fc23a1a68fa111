import numpy as np
import pytest

from extract.batches import bucket_lengths, padded_tokens, plan_batches


@pytest.mark.parametrize("longest", [3, 16, 17, 64, 128, 150, 512])
def test_bucket_lengths_rise_to_the_longest_row(longest: int) -> None:
    buckets = bucket_lengths(longest)
    assert buckets == sorted(set(buckets))
    assert buckets[-1] == longest
    assert len(buckets) <= 20


def test_the_notebook_s_length_needs_few_shapes() -> None:
    assert bucket_lengths(150) == [16, 24, 32, 40, 48, 64, 80, 96, 120, 150]


@pytest.mark.parametrize("devices", [1, 3, 8])
@pytest.mark.parametrize("rows", [1, 2, 7, 200])
def test_every_row_is_in_one_batch_that_holds_it(rows: int, devices: int) -> None:
    lengths = np.random.default_rng(rows).integers(2, 151, rows)
    batches = plan_batches(lengths, bucket_lengths(150), 256, devices)
    assert sorted(np.concatenate([batch.rows for batch in batches]).tolist()) == list(range(rows))
    for batch in batches:
        assert lengths[batch.rows].max() <= batch.length
        assert len(batch.rows) <= batch.height
        assert batch.height % devices == 0


def test_only_the_last_batch_is_filled_up() -> None:
    lengths = np.random.default_rng(0).integers(2, 151, 500)
    batches = plan_batches(lengths, bucket_lengths(150), 1024, 2)
    assert all(len(batch.rows) == batch.height for batch in batches[:-1])
    assert lengths.sum() <= padded_tokens(batches) < 1.2 * lengths.sum()


def test_one_shape_per_length() -> None:
    lengths = np.random.default_rng(1).integers(2, 151, 3000)
    shapes = {(batch.height, batch.length) for batch in plan_batches(lengths, bucket_lengths(150), 1024, 1)}
    assert len(shapes) == len({length for _, length in shapes}) <= 12
