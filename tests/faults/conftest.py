"""Real runs of `python -m extract` to kill, and a finished cache to damage. `make faults` runs these."""

import csv
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..extract.conftest import DISTILBERT, random_weights, save_backbone

ROOT = Path(__file__).parent.parent.parent
JIGSAW = ROOT.parent / "shared" / "data" / "jigsaw_preprocessed_sample.csv"
FLAGS = ("--max-length", "48", "--block-rows", "8", "--batch-tokens", "512", "--compute-dtype", "float32")


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
def flags(comments: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Flags of an extraction on a tiny backbone: what is killed are the writing and the reading, not the computing."""
    backbone = save_backbone(tmp_path_factory.mktemp("b") / "tiny", DISTILBERT, random_weights(DISTILBERT))
    return ["--data", str(comments), "--backbone", str(backbone), *FLAGS]


@pytest.fixture(scope="session")
def start(flags: list[str]) -> Callable[[Path], "subprocess.Popen[str]"]:
    """Starts an extraction into a folder."""

    def start(folder: Path, **options: Any) -> "subprocess.Popen[str]":
        line = [sys.executable, "-m", "extract", "--cache-dir", str(folder), *flags]
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
def undisturbed(finish: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that nothing happened to."""
    return finish(tmp_path_factory.mktemp("undisturbed"))


def fingerprint(cache: Path) -> dict[str, str]:
    """SHA-256 of every file; of the manifest, without times, places and last digits, which differ from run to run."""
    digests = {}
    for path in sorted(path for path in cache.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if path.name == "manifest.json":
            fields = json.loads(content)
            del fields["seconds"], fields["checksum"], fields["source"]["command"]
            del fields["source"]["backbone_argument"]  # as seen from the cache
            # of a cosine the last digits depend on the rows that were computed together
            fields["accuracy"] = {name: round(value, 6) for name, value in fields["accuracy"].items()}
            content = json.dumps(fields).encode()
        digests[str(path.relative_to(cache))] = hashlib.sha256(content).hexdigest()
    return digests
