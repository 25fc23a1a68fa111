"""Paths that may be sent on."""

import os
from pathlib import Path

import pytest

from headstart.cache.runtime.shared_paths import shared_command, shared_path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a project in it, in which we are; beside it another disk, and a link to the home."""
    for folder in ("homes/alice/project/data", "homes/alice/models/tiny", "disk/models/tiny"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "homes/alice")
    monkeypatch.setenv("HOME", str(tmp_path / "homes/alice"))
    monkeypatch.chdir(tmp_path / "homes/alice/project")
    return tmp_path / "homes/alice"


@pytest.mark.parametrize(
    ("path", "shared"),
    [
        ("data/x.csv", "data/x.csv"),
        ("./data/../data/", "data"),
        (".", "."),
        ("{home}/project/data/x.csv", "data/x.csv"),
        ("{home}/models/tiny", "../models/tiny"),
        ("../models/tiny", "../models/tiny"),
        ("{home}", ".."),
        ("../../alice/x.csv", "../x.csv"),
        ("{home}/../../disk/models/tiny", "tiny"),
        ("../../../disk/*.csv", "*.csv"),
        ("/x.csv", "x.csv"),
        ("/", ""),
        ("s3://bucket/features", "s3://bucket/features"),
    ],
)
def test_a_path_says_nothing_of_what_is_above_the_home(path: str, shared: str, home: Path) -> None:
    assert shared_path(path.format(home=home)) == shared


def test_seen_from_elsewhere_a_home_is_not_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = home.parent.parent / "disk"
    assert shared_path(str(home / "models/tiny"), str(disk / "run")) == "tiny"
    assert shared_path(str(disk / "models/tiny"), str(disk / "results/run")) == "../../models/tiny"
    for above in (home.parent, home.parent.parent, Path("/")):
        monkeypatch.chdir(above)
        assert shared_path(os.path.relpath(home / "models/tiny")) == "tiny"
    monkeypatch.setenv("HOME", str(home.parent.parent / "link"))
    assert shared_path(str(home / "models/tiny"), str(home.parent.parent / "run")) == "tiny"


@pytest.mark.parametrize(
    ("line", "shared"),
    [
        ("python -m extract --data sample", "python -m extract --data sample"),
        ("x --data '{home}/my x.csv' b.csv", "x --data '../my x.csv' b.csv"),
        (
            "x --backbone org/model --cache-dir /mnt/big/features",
            "x --backbone org/model --cache-dir features",
        ),
        ("x --backbone {home}/models/tiny --seed 1", "x --backbone ../models/tiny --seed 1"),
        ("x --label-separator / --class-names=-1,0", "x --label-separator / --class-names=-1,0"),
        ("x --data 'hf:org/set' --cache-dir s3://b/f", "x --data 'hf:org/set' --cache-dir s3://b/f"),
        ("x --data 'it", "x --data 'it"),
    ],
)
def test_a_command_keeps_everything_but_places(line: str, shared: str, home: Path) -> None:
    assert shared_command(line.format(home=home)) == shared


def test_paths_that_are_there_count_as_paths(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home.parent)
    assert shared_command("x --data alice/models/tiny org/model") == "x --data tiny org/model"
