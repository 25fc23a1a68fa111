"""Where each device finds its rows in a batch, in arrays of few sizes, so that few programs are compiled."""

import numpy as np
from jaxtyping import Int

from headstart.cache.ragged import token_places
from headstart.extract.backbone.row_pooling import RowPlaces
from headstart.extract.features.packing import PackedBatch, slots_of


def place_rows(
    batch: PackedBatch, lengths: Int[np.ndarray, " r"], devices: int, slots: int | None = None
) -> tuple[RowPlaces, Int[np.ndarray, " r"]]:
    """Look up where each device finds its rows.

    Args:
        batch: A batch; as many of its sequences go to each device, in order.
        lengths: Tokens of the batch's rows.
        devices: Number of devices.
        slots: Rows that each device has room for; None takes `slots_of` the batch.

    Returns:
        Start and length of each device's rows in its tokens, `[devices, slots]`, filled up with rows of one token; and
        the position of each row in their flat order.
    """
    size = slots or slots_of(batch, devices)
    owners = batch.owners(devices)
    counts = np.bincount(owners, minlength=devices)
    order = np.argsort(owners, kind="stable")
    numbers = np.empty(len(order), np.int64)
    numbers[order] = token_places(np.zeros_like(counts), counts)
    places = RowPlaces(np.zeros((devices, size), np.int32), np.ones((devices, size), np.int32))
    places.starts[owners, numbers] = batch.places % batch.share(devices)
    places.lengths[owners, numbers] = lengths
    return places, owners * size + numbers
