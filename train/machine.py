"""What this machine has, and what a run has used of it."""

import os
import platform
import resource
import sys
from importlib.metadata import version
from typing import Any

import jax

from cache.environment import multiplies_bfloat16

LIBRARIES = ("jax", "flax", "optax", "orbax-checkpoint", "numpy", "scikit-learn")


def host_free() -> int:
    """Bytes that a program can get without swapping."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file)
        return int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):  # not Linux
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def device_free() -> int:
    """Bytes free on the local device that has the fewest; a CPU's are the host's."""
    free = [device_bytes_free(device) for device in jax.local_devices()]
    return min(free)


def device_bytes_free(device: jax.Device) -> int:
    """Bytes free on a device."""
    stats = device.memory_stats() or {}
    if "bytes_limit" not in stats:
        return host_free() // len(jax.local_devices())
    return int(stats["bytes_limit"]) - int(stats.get("bytes_in_use", 0))


def peak_memory() -> dict[str, int]:
    """The most bytes that this process has used: of the host's memory, and of each device that counts them."""
    unit = 1 if sys.platform == "darwin" else 1024
    peak = {"host": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}
    for device in jax.local_devices():
        stats = device.memory_stats() or {}
        if "peak_bytes_in_use" in stats:
            peak[str(device)] = int(stats["peak_bytes_in_use"])
    return peak


def fast_operands() -> str:
    """Dtype whose large matmuls are fastest here."""
    accelerated = jax.local_devices()[0].platform != "cpu"
    return "bfloat16" if accelerated or multiplies_bfloat16() else "float32"


def environment() -> dict[str, Any]:
    """What a run was computed with."""
    device = jax.local_devices()[0]
    about = {"device": device.device_kind, "devices": jax.local_device_count(), "cores": os.cpu_count()}
    return {"python": platform.python_version(), **about, **{name: version(name) for name in LIBRARIES}}
