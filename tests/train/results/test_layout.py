"""What lies where results are written and is not ours: named, or in the way."""

import os
import shutil
from pathlib import Path

import pytest

from headstart.cache import UserError
from headstart.train.results.layout import require_ours


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    """A finished run, and the state of a killed one beside it."""
    shutil.copytree(whole, tmp_path / "run")
    for name in (
        "epoch-000003/facts.json",
        "fold-1/epoch-000001/arrays/d/" + "0" * 32,
        "epoch-000004/arrays/_METADATA",
    ):
        path = tmp_path / "run" / "state" / name
        path.parent.mkdir(parents=True)
        path.touch()
    left = (
        tmp_path
        / "run"
        / "state"
        / f"epoch-000005.{'a' * 16}.partial"
        / "new"
        / "arrays.orbax-checkpoint-tmp"
    )
    left.mkdir(parents=True)
    (left / "x").touch()
    return tmp_path / "run"


def test_a_run_of_ours_holds_nothing_else(run: Path) -> None:
    assert require_ours(str(run)) == []
    assert require_ours(str(run / "nowhere")) == []


def test_what_does_no_harm_is_named(run: Path) -> None:
    theirs = [
        "checkpoints/avg/notes",
        "history/a b.png",
        "predictions/train.npz",
        "state/epoch-1/x",
        "state/mynotes/x",
    ]
    for name in (*theirs, "notes.txt", "more/x"):
        (run / name).parent.mkdir(exist_ok=True)
        (run / name).touch()
    os.mkfifo(run / "state" / "pipe")
    assert require_ours(str(run)) == [*theirs, "state/pipe"]


@pytest.mark.parametrize(
    "name",
    ["", "state", "checkpoints", "history", "predictions", "checkpoints/avg", "checkpoints/avg/seed-0/best",
     "history/avg.png", "state/epoch-000003", "checkpoints/avg/seed-0/last/manifest.ocdbt", "state/anything"],
)  # fmt: skip
def test_no_link_is_written_through(name: str, run: Path, tmp_path: Path) -> None:
    place = run / name if name else run
    if place.exists():
        place.rename(tmp_path / "victim")
    else:
        (tmp_path / "victim").mkdir()
    place.symlink_to(tmp_path / "victim")
    with pytest.raises(UserError, match=f"{place.name} is a link, and no results are written through one"):
        require_ours(str(run))


@pytest.mark.parametrize("name", ["best/notes", "last/d/notes", "best/more/notes"])
def test_somebody_s_file_in_a_checkpoint_is_in_the_way(name: str, run: Path) -> None:
    path = run / "checkpoints" / "avg" / "seed-0" / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    with pytest.raises(
        UserError, match=f"{path} was not written by bench.py; move it away, or choose another --out"
    ):
        require_ours(str(run))
