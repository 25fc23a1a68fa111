"""Where the features live: decided by their size, by what is free, and by what the user says."""

import re
from typing import Literal, NamedTuple

import jax

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.machine import free_memory
from headstart.cache.runtime.text import format_bytes

Mode = Literal["device", "host", "stream"]

MODES: tuple[Mode, ...] = ("device", "host", "stream")

MOST_BYTES = 2**63
"""No memory is as large."""

SHARE = 0.5
"""Share of the free memory that features may take: the rest is for parameters, gates of a batch, and everybody else."""

ASKED = "as asked for"

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)b?", re.IGNORECASE)


def device_free() -> int:
    """Bytes free on the local device that has the fewest; a CPU's are the host's."""
    return min(device_bytes_free(device) for device in jax.local_devices())


def device_bytes_free(device: jax.Device) -> int:
    """Bytes free on a device."""
    stats = device.memory_stats() or {}
    if "bytes_limit" not in stats:
        return free_memory() // len(jax.local_devices())
    return int(stats["bytes_limit"]) - int(stats.get("bytes_in_use", 0))


class MemoryPlan(NamedTuple):
    """What was decided.

    Attributes:
        mode: Where the features live.
        limit: Most bytes of features that may be held at once.
        why: Reason, in words.
    """

    mode: Mode
    limit: int
    why: str


def parse_bytes(text: str) -> int:
    """Bytes as people write them: `parse_bytes("1.5 GB") == 1_500_000_000`.

    Raises:
        ValueError: it is no size.
    """
    match = _SIZE.fullmatch(text.strip())
    size = float(match[1]) * _UNITS[match[2].lower()] if match else 0
    if not 1 <= size < MOST_BYTES:
        raise ValueError(f"{text!r:.80} is no size; write one like 500MB or 4GB")
    return int(size)


def decide(mode: str, limit: int | None, size: int, device_free: int, host_free: int) -> MemoryPlan:
    """Decide where features live.

    Args:
        mode: One of `MODES`, or `auto`: the first of them that holds all features.
        limit: Most bytes to hold; None takes `SHARE` of what is free.
        size: Bytes of all features that training reads.
        device_free: Bytes free on each device.
        host_free: Bytes free in the host's memory.

    Raises:
        UserError: the features are asked to live whole where the user allows less.
    """
    limits: dict[Mode, int] = {
        "device": limit or int(SHARE * device_free),
        "host": limit or int(SHARE * host_free),
        "stream": limit or int(SHARE * min(device_free, host_free)),
    }
    if mode == "auto":
        fits = next(place for place in MODES if place == "stream" or size <= limits[place])
        return MemoryPlan(
            fits, limits[fits], "all fit" if fits != "stream" else "they are larger than the limit"
        )
    place = next(place for place in MODES if place == mode)
    if limit and place != "stream" and size > limit:
        raise UserError(
            f"--memory {place} holds all features, {format_bytes(size)}, and --memory-limit allows "
            f"{format_bytes(limit)}: give a larger limit, or --memory stream"
        )
    return MemoryPlan(place, limits[place], ASKED)
