"""Runs of both stages on a tiny backbone with random weights."""

import contextlib
import csv
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np

from headstart import bench
from headstart.cache.runtime.errors import exit_code

from .extract.conftest import DISTILBERT, WORDS, random_weights, save_backbone

ROOT = Path(__file__).parent.parent
CLASSES = ("hate", "offence", "neither")


MAKES = {  # kind of task, heads, compute dtype, layout, rows of a block
    "mixed": ("binary", "all", "auto", "ragged", 5),
    "float32": ("binary", "all", "float32", "ragged", 1024),
    "padded": ("binary", "all", "float32", "padded", 1024),
    "multiclass": ("multiclass", "avg,maxavg,lstm_pooled", "float32", "ragged", 1024),
    "multilabel": ("multilabel", "avg,maxavg,lstm_pooled", "float32", "ragged", 1024),
}

ON_LAYERS = ("avg", "avg@0", "avg@1", "maxavg@last", "maxavg@all", "mix", "attn")
LAYERED = {"layers": ("binary", ",".join(ON_LAYERS), "float32", "ragged", 1024)}
"""A run on a cache with every layer, which no test over all of `MAKES` needs."""


class Made(NamedTuple):
    """A run, and the texts that it was made of."""

    run: Path
    texts: list[str]
    backbone: Path


def command(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, *script.split(), *arguments]
    return subprocess.run(line, capture_output=True, text=True, check=False, cwd=ROOT)


def in_this_process(main: Callable[[], None], name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command as `command` runs it, without a process that imports everything anew; JAX is set up already."""
    line = [name, *arguments]
    out, err = io.StringIO(), io.StringIO()
    quiet = contextlib.redirect_stdout(out), contextlib.redirect_stderr(err)
    with quiet[0], quiet[1], mock.patch("sys.argv", line), mock.patch.object(bench, "prepare_jax"):
        try:
            code = exit_code(main)
        except SystemExit as end:  # argparse's
            code = int(end.code or 0)
    return subprocess.CompletedProcess(line, code, out.getvalue(), err.getvalue())


def run_bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return in_this_process(bench.main, "bench.py", *arguments)


def finished(run: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    assert run.returncode == 0, run.stderr
    return run


def both_stages(folder: Path, kind: str, heads: str, dtype: str, layout: str, block_rows: int) -> Made:
    """Both stages over 120 rows of a kind of task."""
    random = np.random.default_rng(0)
    backbone = save_backbone(folder / "tiny", DISTILBERT, random_weights(DISTILBERT))
    texts = [" ".join(random.choice(WORDS, random.integers(2, 40))) for _ in range(120)]
    numbers = random.integers(0, 3, 120)
    columns = {
        "binary": (["y"], [[number % 2] for number in numbers], []),
        "multiclass": (["y"], [[number] for number in numbers], ["--class-names", ",".join(CLASSES)]),
        "multilabel": (["a", "b"], random.integers(0, 2, (120, 2)).tolist(), ["--label-column", "a,b"]),
    }
    names, labels, flags = columns[kind]
    with (folder / "data.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [["text", *names], *([t, *own] for t, own in zip(texts, labels, strict=True))]
        )
    extract = ("--data", str(folder / "data.csv"), "--backbone", str(backbone), "--max-length", "32")
    flags += ["--block-rows", str(block_rows), "--batch-tokens", "96" if block_rows < 1024 else "1024"]
    flags += ["--compute-dtype", dtype, "--layout", layout, "--cache-dir", str(folder / "features")]
    flags += ["--layers", "all"] if "@" in heads else []
    finished(command("-m extract", *extract, *flags))
    flags = ["--heads", heads, "--epochs", "1", "--batch-size", "16", "--no-floors"]
    flags += ["--seeds", "2" if heads == "all" and layout == "ragged" else "1"]
    flags += ["--precision", "float32"] if dtype == "float32" else []
    flags += ["--notebook"] if layout == "padded" else []
    finished(run_bench(*flags, "--cache-dir", str(folder / "features"), "--out", str(folder / "results")))
    (run,) = (folder / "results").iterdir()
    return Made(run, texts, backbone)
