"""Where each device finds its rows."""

import jax.numpy as jnp
import numpy as np
import pytest

from headstart.extract.features.packing import FEWEST, BatchShape, packed_lengths, plan_batches, slots_of
from headstart.extract.features.places import place_rows


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


@pytest.mark.parametrize("devices", [1, 2, 3])
def test_rows_can_have_more_room_than_they_need(devices: int) -> None:
    lengths = np.random.default_rng(4).integers(1, 33, 100)
    for batch in plan_batches(lengths, BatchShape(packed_lengths(32), 64, devices, packed=True)):
        few, _ = place_rows(batch, lengths[batch.rows], devices)
        assert few.starts.shape == (devices, slots_of(batch, devices))
        places, slots = place_rows(batch, lengths[batch.rows], devices, 64)
        assert places.starts.shape == places.lengths.shape == (devices, 64)
        assert (places.lengths.reshape(-1)[slots] == lengths[batch.rows]).all()
