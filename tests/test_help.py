"""`--help` must not import what makes starting slow, and lists every default."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CACHE_COMMANDS = ("list", "show", "verify", "repair", "remove")
COMMANDS = [
    ["-m", "extract"], ["-m", "extract", "prepare", "jigsaw"], ["bench.py"],
    *(["-m", "cache", command] for command in CACHE_COMMANDS)
]  # fmt: skip
SLOW = ("jax", "transformers", "pandas", "sklearn", "matplotlib", "orbax")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_is_light_and_lists_defaults(command: list[str]) -> None:
    line = [sys.executable, "-X", "importtime", *command, "--help"]
    run = subprocess.run(line, capture_output=True, text=True, check=True, cwd=ROOT)
    imported = {entry.split("|")[-1].strip() for entry in run.stderr.splitlines()}
    assert not imported & set(SLOW)
    options = re.split(r"\n  (?:-o \w+, )?--", run.stdout)[1:]
    assert options
    for option in options:
        assert "(default:" in " ".join(option.split()), option
