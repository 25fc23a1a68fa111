"""A container's quotas count, in both versions of cgroup, wherever above the process they are set."""

import os
from pathlib import Path

import psutil
import pytest

from headstart.cache.runtime import machine

FIELDS = ("MemFree", "Buffers", "Cached", "Shmem", "Active", "Inactive", "Slab")
MEMINFO = "\n".join(["MemTotal: 9000 kB", "MemAvailable: 8000 kB", *(f"{name}: 1 kB" for name in FIELDS)])


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of 6 cores and 8,000 kB; returns the folder of its `proc` and `cgroup`."""
    monkeypatch.setattr(machine, "PROC", tmp_path / "proc")
    monkeypatch.setattr(psutil, "PROCFS_PATH", f"{tmp_path}/proc")
    monkeypatch.setattr(machine, "GROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(6)), raising=False)
    write(
        tmp_path,
        {"proc/meminfo": MEMINFO, "proc/self/cgroup": "0::/\n", "proc/cpuinfo": "flags\t\t: fpu amx_bf16\n"},
    )
    return tmp_path


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def quota(folder: str, quota: str) -> dict[str, str]:
    """Files of version 1."""
    return {f"cgroup/{folder}/cpu.cfs_quota_us": quota, f"cgroup/{folder}/cpu.cfs_period_us": "100000"}


def limit(folder: str, limit: str, used: str) -> dict[str, str]:
    """Files of version 1."""
    return {
        f"cgroup/{folder}/memory.limit_in_bytes": limit,
        f"cgroup/{folder}/memory.usage_in_bytes": used,
    }


V1 = "4:memory:/pod/box\n1:cpu,cpuacct:/pod/box\n0::/\n"
CORES = {
    "no limit": ({}, 6),
    "docker run --cpus 2": ({"cgroup/cpu.max": "200000 100000\n"}, 2),
    "half a core": ({"cgroup/cpu.max": "50000 100000\n"}, 1),
    "a core and a half": ({"cgroup/cpu.max": "150000 100000\n"}, 2),
    "more than there are": ({"cgroup/cpu.max": "6400000 100000\n"}, 6),
    "max": ({"cgroup/cpu.max": "max 100000\n"}, 6),
    "set above": (
        {
            "proc/self/cgroup": "0::/user/run\n",
            "cgroup/user/cpu.max": "300000 100000",
            "cgroup/user/run/cpu.max": "max 1",
        },
        3,
    ),
    "version 1": ({"proc/self/cgroup": V1, **quota("cpu,cpuacct/pod", "400000")}, 4),
    "version 1 in a container": ({"proc/self/cgroup": V1, **quota("cpu,cpuacct", "100000")}, 1),
    "version 1 without limit": ({"proc/self/cgroup": V1, **quota("cpu,cpuacct", "-1")}, 6),
    "another group's": ({"proc/self/cgroup": "0::/a\n", "cgroup/b/cpu.max": "100000 100000"}, 6),
    "nonsense": ({"cgroup/cpu.max": "many\n", "proc/self/cgroup": "::\n0::/\nx"}, 6),
    "a period of nothing": ({"cgroup/cpu.max": "100000 0\n"}, 6),
}  # fmt: skip
AVAILABLE = 8_000 * 1024
V2 = {"cgroup/memory.max": "4000000", "cgroup/memory.current": "1000000"}
MEMORY = {
    "no limit": ({}, AVAILABLE),
    "docker run --memory": (V2, 3_000_000),
    "files can go": ({**V2, "cgroup/memory.stat": "anon 1\ninactive_file 500000\n"}, 3_500_000),
    "max": ({"cgroup/memory.max": "max", "cgroup/memory.current": "1"}, AVAILABLE),
    "nothing left": ({"cgroup/memory.max": "10", "cgroup/memory.current": "20"}, 0),
    "version 1": ({"proc/self/cgroup": V1, **limit("memory/pod/box", "2000", "500")}, 1_500),
    "version 1 without limit": ({"proc/self/cgroup": V1, **limit("memory", str(2**63 - 4096), "5")}, AVAILABLE),
}  # fmt: skip


@pytest.mark.parametrize(("files", "cores"), CORES.values(), ids=CORES)
def test_cores(fake: Path, files: dict[str, str], cores: int) -> None:
    write(fake, files)
    assert machine.core_count() == cores


@pytest.mark.parametrize(("files", "free"), MEMORY.values(), ids=MEMORY)
def test_memory(fake: Path, files: dict[str, str], free: int) -> None:
    write(fake, files)
    assert machine.free_memory() == free


def test_without_linux(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("cpuinfo", "self/cgroup"):  # psutil asks other systems in other ways
        (fake / "proc" / name).unlink()
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert machine.core_count() == 1
    assert machine.free_memory() > 0
    assert not machine.multiplies_bfloat16()


def test_instructions(fake: Path) -> None:
    assert machine.cpu_flags() == {"flags", "fpu", "amx_bf16", ":"}
    assert machine.multiplies_bfloat16()
