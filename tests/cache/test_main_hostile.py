"""Every command on folders that a stranger sent: a line and 2, nothing raw, nothing outside written or removed."""

import contextlib
import io
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import pytest

import headstart.cache.__main__ as command
from headstart.cache import open_cache
from headstart.cache.inspect.choice import only_cache
from headstart.cache.inspect.listing import find_caches
from headstart.cache.inspect.verify import verify
from headstart.cache.runtime.errors import exit_code

from .hostile import CLOSED, OPEN, Hostile

ALL = {**CLOSED, **OPEN}


class Outcome(NamedTuple):
    """What a command ended with."""

    code: int
    output: str
    errors: str


def run(*arguments: str) -> Outcome:
    """A command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch("sys.argv", ["cache", *arguments]),
        mock.patch("sys.stdin", io.StringIO("")),
    ):
        code = exit_code(command.main)
    return Outcome(code, out.getvalue(), err.getvalue())


def tree(folder: Path) -> dict[str, object]:
    """Kind, size, time of change and content of everything below a folder."""
    entries: dict[str, object] = {}
    for at, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = os.path.join(at, name)
            status = os.lstat(path)
            small = os.path.isfile(path) and not os.path.islink(path) and status.st_size < 2**20
            content = Path(path).read_bytes() if small else b""
            entries[path] = (status.st_mode, status.st_size, status.st_mtime_ns if small else 0, content)
    return entries


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    (folder / "theirs/c/0").mkdir(parents=True)
    for name in ("precious", "theirs/block.json", "theirs/notes.txt", "theirs/c/0/0"):
        (folder / name).write_text('{"mine": 1}')
    return folder


@pytest.fixture
def prepare(cache_path: str, outside: Path) -> Callable[[str, Hostile], Path]:
    def prepare(name: str, hostile: Hostile) -> Path:
        folder = Path(shutil.copytree(cache_path, Path(cache_path).with_name(name)))
        hostile(folder, outside)
        return folder

    return prepare


def check(outcome: Outcome) -> None:
    assert outcome.code in (0, 2)
    said = re.sub(r"\Aproving .* \.\.\.\n", "", outcome.errors).partition("next: ")[0]
    assert (outcome.code == 2) == said.startswith("error: ")
    shown = (outcome.output + outcome.errors).splitlines()
    assert all(line.isprintable() for line in shown)
    assert said.count("\n") <= 1


@pytest.mark.parametrize("hostile", ALL.values(), ids=ALL)
def test_every_command_ends_and_changes_nothing_outside(
    hostile: Hostile, prepare: Callable[[str, Hostile], Path], outside: Path, cache_path: str
) -> None:
    folder = prepare("hostile", hostile)
    before, whole = tree(outside), tree(folder)
    for arguments in (
        ["list", "--cache-dir", str(folder.parent)],
        ["show"],
        ["verify", "--fast"],
        ["verify"],
        ["repair"],
    ):
        outcome = run(*arguments, *[str(folder)] * (arguments[0] != "list"))
        check(outcome)
        assert tree(outside) == before
    assert tree(folder) == whole
    removed = run("remove", str(folder), "--yes")
    check(removed)
    assert tree(outside) == before
    assert folder.exists() == (removed.code == 2)
    assert (tree(folder) == whole) or not folder.exists()
    assert verify(open_cache(cache_path)) == []


def test_bad_neighbours_are_listed_and_stop_nothing(
    prepare: Callable[[str, Hostile], Path], cache_path: str
) -> None:
    names = {prepare(name, hostile).name for name, hostile in CLOSED.items()}
    root = Path(cache_path).parent
    (root / "pipe").mkdir()
    os.mkfifo(root / "pipe/recipe.json")
    (root / "empty").mkdir()
    listed = run("list", "--cache-dir", str(root))
    check(listed)
    assert len(listed.output.splitlines()) == len(find_caches(str(root)))
    assert "train 8, valid 2, test 4" in next(
        line for line in listed.output.splitlines() if line.startswith("made ")
    )
    assert all(name in listed.output for name in names - {"recipe link"})
    assert only_cache(str(root)) == cache_path


@pytest.mark.parametrize(
    "name", ["two\nlines", "\x1b[2Jcleared", "turned\u202eback", "caf\udce9", "tab\there", "\u200bnothing"]
)
def test_a_cache_with_any_name_is_listed_shown_and_removed_by_what_is_printed(
    name: str, prepare: Callable[[str, Hostile], Path], cache_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = prepare(name, lambda cache, outside: None)
    listed = run("list", "--cache-dir", str(folder.parent))
    check(listed)
    (line,) = [line for line in listed.output.splitlines() if not line.startswith("made ")]
    assert "train 8, valid 2, test 4" in line
    printed = line.split(" ")[0]
    monkeypatch.chdir(folder.parent.parent)
    for argument in (f"{folder.parent}/{printed}", printed):
        shown = run("show", argument)
        check(shown)
        assert (shown.code, printed in shown.output) == (0, True)
    removed = run("remove", printed, "--yes")
    check(removed)
    assert (removed.code, folder.exists()) == (0, False)
    assert verify(open_cache(cache_path)) == []


def test_what_is_no_cache_of_that_name_is_said(cache_path: str) -> None:
    for argument in (f"{cache_path}x", "nowhere\\n", f"{Path(cache_path).parent}/ma"):
        refused = run("remove", argument, "--yes")
        check(refused)
        assert "there is no folder" in refused.errors
    assert verify(open_cache(cache_path)) == []
