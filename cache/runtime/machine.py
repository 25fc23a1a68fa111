"""What this process may use of the machine: cores, memory, instructions. A container's quota counts, if it is lower.

joblib's `cpu_count` would do for the cores: importing it takes half a second, which every command would wait for, and
it does not see the quota of a group below the root that systemd or a cluster made. psutil knows no groups either.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")
GROUPS = Path("/sys/fs/cgroup")
UNLIMITED = 2**60
"""Bytes; cgroup v1 has no word for no limit, and shows a number above it."""


def core_count() -> int:
    """Cores that this process may use: those it may run on, or as many as its quota is worth, rounded up."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    quotas = [-(-quota // period) for quota, period in _quotas() if quota > 0 and period > 0]
    return max(1, min([cores, *quotas]))


def free_memory() -> int:
    """Bytes that this process can get without swapping, or without being killed for its group's limit."""
    import psutil  # here, as few commands ask

    return max(0, min([int(psutil.virtual_memory().available), *_group_free()]))


def _quotas() -> Iterator[tuple[int, int]]:
    """Microseconds of a core that each of the process's groups may use in each period of so many."""
    for folder in _folders("cpu"):
        yield from _pair(folder / "cpu.max")  # version 2
        yield from _pair(folder / "cpu.cfs_quota_us", folder / "cpu.cfs_period_us")


def _group_free() -> Iterator[int]:
    """Bytes that each of the process's groups has left; what the system only keeps of files can be had, too."""
    for folder in _folders("memory"):
        for limit, used in (
            ("memory.max", "memory.current"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes"),
        ):
            for most, taken in _pair(folder / limit, folder / used):
                if most < UNLIMITED:
                    yield most - taken + _reclaimable(folder)


def _reclaimable(folder: Path) -> int:
    try:
        fields = dict(line.split() for line in (folder / "memory.stat").read_text("ascii").splitlines())
        return int(fields.get("total_inactive_file", fields.get("inactive_file", 0)))
    except (OSError, ValueError):
        return 0


def _folders(controller: str) -> Iterator[Path]:
    """The folders of the process's groups, up to the root, in cgroup v1 and v2."""
    try:
        lines = (PROC / "self/cgroup").read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = ([*line.split(":", 2), "", ""])[:3]
        if controllers and controller not in controllers.split(","):
            continue
        root = GROUPS / controllers if controllers else GROUPS
        # In a container it may be the host's, and the root is the container's.
        group = root / path.lstrip("/")
        yield from (folder for folder in (group, *group.parents) if folder == root or root in folder.parents)


def _pair(*files: Path) -> Iterator[tuple[int, int]]:
    """The two numbers in small files; none where one is not there, or says `max`."""
    with contextlib.suppress(OSError, ValueError):
        first, second = (int(word) for file in files for word in file.read_text("ascii").split())
        yield first, second


def cpu_flags() -> set[str]:
    """Names of the processor's features; none where Linux does not tell them."""
    try:
        with (PROC / "cpuinfo").open(encoding="utf-8", errors="replace") as file:
            return set(next((line for line in file if line.startswith("flags")), "").split())
    except OSError:
        return set()


def multiplies_bfloat16() -> bool:
    """This processor has instructions for matmuls of bfloat16 that add up in float32."""
    return bool({"avx512_bf16", "amx_bf16"} & cpu_flags())
