"""Two workers on one cache, of which one is killed: whoever comes after, the cache has the same bits.

Also how many bytes of the data each worker reads.
"""

import csv
import json
import subprocess
import sys
from pathlib import Path

import jax
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import headstart.extract.__main__ as extract
from headstart.cache import open_cache
from headstart.cache.inspect.verify import verify

from ..made import in_this_process
from .conftest import FLAGS, ROOT
from .conftest import fingerprint as whole_fingerprint
from .kills import KILLS, Captured, Tally, kill, show, watch
from .test_kills import committed

GROUPS = 16


@pytest.fixture(scope="module")
def worker_flags(comments: Path, flags: list[str], tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Flags of a job on the comments as Parquet, in row groups."""
    with comments.open(newline="") as file:
        header, *rows = list(csv.reader(file))
    columns = dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))
    path = tmp_path_factory.mktemp("data") / "comments.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=-(-len(rows) // GROUPS), use_dictionary=False)
    backbone = flags[flags.index("--backbone") + 1]
    classes = ",".join(sorted(set(columns["label"])))
    job = ["--data", str(path), "--backbone", backbone, *FLAGS]
    return [*job, "--split-rule", "stable", "--class-names", classes, "--workers", "1"]


def start(folder: Path, flags: list[str], worker: str) -> "subprocess.Popen[str]":
    line = [sys.executable, "-m", "extract", "--cache-dir", str(folder), *flags, "--worker", worker]
    return subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def work_here(folder: Path, flags: list[str], worker: str) -> Path:
    """A worker in this process, which imports nothing anew; returns the cache."""
    ended = in_this_process(extract.main, "extract", "--cache-dir", str(folder), *flags, "--worker", worker)
    assert ended.returncode == 0, ended.stderr
    return next(folder.iterdir())


def fingerprint(cache: Path) -> dict[str, str]:
    """SHA-256 of every file; of the records of units, of what does not depend on who computed them when."""
    digests = whole_fingerprint(cache)
    for path in cache.glob("units/*/unit.json"):
        fields = json.loads(path.read_bytes())
        kept = {name: fields[name] for name in ("key", "number", "mark", "content", "counts", "splits")}
        digests[str(path.relative_to(cache))] = json.dumps(kept)
    return {name: digest for name, digest in digests.items() if name != "manifest.json"}


def test_kill_9_of_a_worker(
    worker_flags: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Captured
) -> None:
    monkeypatch.setenv("JAX_NUM_CPU_DEVICES", str(jax.local_device_count()))
    monkeypatch.setattr(extract, "prepare_jax", lambda: None)
    whole = fingerprint(work_here(tmp_path / "whole", worker_flags, "0/1"))
    for name in ("compiled", "half"):
        place = tmp_path / name
        life = watch(start(place, worker_flags, "0/2"), lambda place=place: committed(place))
    tally = Tally("extract --worker")
    for trial in range(KILLS):
        folder = tmp_path / str(trial)
        other = start(folder, worker_flags, "1/2")
        stage = kill(start(folder, worker_flags, "0/2"), trial, life, lambda place=folder: committed(place))
        _, errors = other.communicate()
        assert other.returncode == 0, errors
        before = committed(folder)
        cache = work_here(folder, worker_flags, ("0/2", "0/1")[trial % 2])
        assert fingerprint(cache) == whole, trial
        assert verify(open_cache(str(cache))) == []
        assert {path: committed(folder)[path] for path in before} == before  # nothing was computed twice
        tally.add(stage, "another worker ends in the same bytes")
    show(tally, capfd)


READS = """
import sys, io, builtins
path, count = sys.argv[1], 0
real = builtins.open
class Counted(io.FileIO):
    def readinto(self, buffer):
        global count
        read = super().readinto(buffer)
        count += read
        return read
    def readall(self):
        global count
        content = super().readall()
        count += len(content)
        return content
    def read(self, size=-1):
        global count
        content = super().read(size)
        count += len(content)
        return content
def counting(file, mode="r", *rest, **options):
    if str(file) == path and mode == "rb":
        return io.BufferedReader(Counted(file, "rb"), 4096)
    return real(file, mode, *rest, **options)
builtins.open = counting
from headstart.extract.__main__ import main
sys.argv = ["extract", *sys.argv[2:]]
main()
print("bytes read:", count)
"""


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_a_worker_reads_its_share_of_the_bytes(workers: int, worker_flags: list[str], tmp_path: Path) -> None:
    """Made large enough that footers and first rows weigh little: 64 row groups of 500 rows."""
    table = pq.read_table(worker_flags[1])
    text = [f"{text} {number} {text * 7}" for number in range(80) for text in table["text"].to_pylist()]
    path = tmp_path / "large.parquet"
    columns = {"text": text, "label": table["label"].to_pylist() * 80}
    pq.write_table(pa.table(columns), path, row_group_size=500, use_dictionary=False, compression="none")
    assert pq.ParquetFile(path).metadata.num_row_groups == 64
    flags = [*worker_flags, "--data", str(path), "--clean", "none", "--views", "pooled", "--layers", "last"]
    for number in {0, workers - 1}:
        worker = ["--cache-dir", str(tmp_path / "features"), "--worker", f"{number}/{workers}"]
        line = [sys.executable, "-c", READS, str(path), *flags, *worker, "--block-rows", "4096"]
        ended = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        share = int(ended.stdout.splitlines()[-1].removeprefix("bytes read: ")) / path.stat().st_size
        print(f"worker {number}/{workers} read {share:.3f} of the file", end=" ")
        assert share <= 1.1 / workers
