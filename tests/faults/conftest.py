"""Real runs of `python -m extract` to kill, and a finished cache to damage. `make faults` runs these."""

import csv
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
JIGSAW = ROOT.parent / "shared" / "data" / "jigsaw_preprocessed_sample.csv"
KILLS = int(os.environ.get("KILLS", "20"))
"""How often each command is killed: `KILLS=100 make faults`."""
FLAGS = ("--backbone", "minilm", "--max-length", "48", "--block-rows", "24", "--batch-tokens", "512")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.faults)


@pytest.fixture(scope="session")
def comments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """400 real comments of both classes, or film reviews where the data are absent."""
    path = tmp_path_factory.mktemp("data") / "comments.csv"
    if JIGSAW.exists():
        with JIGSAW.open(newline="") as file:
            rows = list(csv.reader(file))[1::9][:400]
    else:
        from headstart.extract.dataset.film_reviews import read_film_reviews

        (batch,) = read_film_reviews("sample")
        rows = [[text, label] for label, text, _ in batch.rows[::10]]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["text", "label"], *rows])
    return path


@pytest.fixture(scope="session")
def start(comments: Path) -> Callable[[Path], "subprocess.Popen[str]"]:
    """Starts an extraction into a folder."""

    def start(folder: Path, **options: Any) -> "subprocess.Popen[str]":
        line = [sys.executable, "-m", "extract", "--data", str(comments), "--cache-dir", str(folder), *FLAGS]
        return subprocess.Popen(
            line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
        )

    return start


@pytest.fixture(scope="session")
def finish(start: Callable[[Path], "subprocess.Popen[str]"]) -> Callable[[Path], Path]:
    """Runs an extraction to its end; returns the cache."""

    def finish(folder: Path) -> Path:
        process = start(folder)
        output, errors = process.communicate()
        assert process.returncode == 0, errors
        return Path(output.splitlines()[-1].removeprefix("cache: "))

    return finish


@pytest.fixture(scope="session")
def undisturbed(
    finish: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, float]:
    """A cache that nothing happened to, and the seconds that it took."""
    start = time.monotonic()
    return finish(tmp_path_factory.mktemp("undisturbed")), time.monotonic() - start


def fingerprint(cache: Path) -> dict[str, str]:
    """SHA-256 of every file; of the manifest, without the times that differ from run to run."""
    digests = {}
    for path in sorted(path for path in cache.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if path.name == "manifest.json":
            fields = json.loads(content)
            del fields["seconds"], fields["checksum"], fields["source"]["command"]
            content = json.dumps(fields).encode()
        digests[str(path.relative_to(cache))] = hashlib.sha256(content).hexdigest()
    return digests
