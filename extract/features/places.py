"""Where each device finds its rows in a batch, in arrays of few sizes, so that few programs are compiled."""

import numpy as np
from jaxtyping import Int

from headstart.cache.ragged import token_places
from headstart.extract.backbone.row_pooling import RowPlaces
from headstart.extract.features.packing import PackedBatch

FEWEST = 8
"""Fewest rows of a batch on a device; more are a power of two."""


def slots_of(batch: PackedBatch, devices: int) -> int:
    """Number of rows that each device has room for: as many as the one that has most of the batch's, or some more."""
    counts = np.bincount(_owners(batch, devices), minlength=devices)
    return max(FEWEST, 1 << int(counts.max() - 1).bit_length())


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
    owners = _owners(batch, devices)
    counts = np.bincount(owners, minlength=devices)
    order = np.argsort(owners, kind="stable")
    numbers = np.empty(len(order), np.int64)
    numbers[order] = token_places(np.zeros_like(counts), counts)
    places = RowPlaces(np.zeros((devices, size), np.int32), np.ones((devices, size), np.int32))
    places.starts[owners, numbers] = batch.places % _share(batch, devices)
    places.lengths[owners, numbers] = lengths
    return places, owners * size + numbers


def _owners(batch: PackedBatch, devices: int) -> Int[np.ndarray, " r"]:
    """Number of the device that has each row."""
    return np.asarray(batch.places // _share(batch, devices))


def _share(batch: PackedBatch, devices: int) -> int:
    """Tokens of a device."""
    return batch.height // devices * batch.length
