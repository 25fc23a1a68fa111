"""What `bench.py` leaves of another run, of somebody else's files, and of a disk that is full; and `verify`."""

import csv
import errno
import json
import os
import re
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from headstart import bench
from headstart.cache import UserError
from headstart.cache.manifest import Manifest
from headstart.cache.writer import CacheWriter
from headstart.train.results.run_lock import held

from .test_bench import RECIPE, WIDTH, made_block
from .train.results.run_before import flip

Bench = Callable[..., str]
ROOT = Path(__file__).parent.parent
NAME = "made-tiny-0"


def make(folder: Path, spoilt: bool = False) -> Path:
    """A cache; spoilt, every row has an infinite feature."""
    writer = CacheWriter(str(folder / NAME), RECIPE)
    writer.begin()
    blocks = {"train": made_block(300, 0), "valid": made_block(50, 1), "test": made_block(70, 2)}
    if spoilt:
        for block in blocks.values():
            block.hidden[:, 1] = block.pooled[:, :, 1] = np.inf
    splits = {name: [writer.write_block(name, 0, 0, block)] for name, block in blocks.items()}
    tokens = sum(len(block.hidden) for block in blocks.values())
    writer.finish(Manifest(RECIPE.key, 420, tokens, WIDTH, "float16", splits, 0.0, {}, {}, {}, {}, {}))
    return folder


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("features"))


@pytest.fixture
def run(
    features: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Bench:
    """Runs `bench.py` on the cache, or another command of it; returns what it prints."""
    monkeypatch.setattr(bench, "prepare_jax", lambda: None)
    few = [
        "--heads",
        "cls,avg",
        "--epochs",
        "2",
        "--batch-size",
        "64",
        "--no-floors",
        "--precision",
        "float32",
    ]

    def main(*flags: object, cache_dir: Path = features) -> str:
        training = [*few, "--cache-dir", cache_dir, "--out", tmp_path] * (
            flags[:1] not in (("verify",), ("compare",))
        )
        monkeypatch.setattr(sys, "argv", ["bench.py", *map(str, [*training, *flags])])
        capfd.readouterr()
        bench.main()
        return "".join(capfd.readouterr())

    return main


def content(folder: Path) -> dict[str, bytes]:
    """Everything in a run's folder but its state, and what a thread of Orbax' has written after an error."""
    paths = [path for path in folder.rglob("*") if path.is_file() and "state" not in path.parts]
    paths = [path for path in paths if ".partial" not in str(path.relative_to(folder))]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "results.csv").open() as file:
        return [{**row, "train_seconds": ""} for row in csv.DictReader(file)]


def test_runs_with_other_settings_never_mix(run: Bench, tmp_path: Path) -> None:
    run()
    first = content(tmp_path / NAME)
    said = run("--heads", "max")
    (other,) = [path for path in tmp_path.iterdir() if path.name != NAME]
    assert f"{tmp_path / NAME} holds a run with other settings (heads was ['cls', 'avg'], now ['max']" in said
    assert said.count(f"{other}/") == 2  # what was written, and its report
    assert len(said.split("written to")[0].split("\n\n")[0].splitlines()) <= 25
    assert content(tmp_path / NAME) == first
    assert {path.name for path in (other / "checkpoints").iterdir()} == {"max"}
    assert "going on" not in run("--heads", "max", "--fresh")
    before = table(tmp_path / NAME)
    run()
    assert len(list(tmp_path.iterdir())) == 2
    assert table(tmp_path / NAME) == before
    assert "sound (2 trained heads" in run("verify", tmp_path / NAME, f"{other}/")
    assert "majority" in run("compare", tmp_path / NAME, other)
    assert "going on behind epoch 2" in run("--heads", "max", "--resume")


def test_damage_is_named_and_does_not_hide_the_sound(
    run: Bench, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run()
    run("--epochs", 1)
    (other,) = [path for path in tmp_path.iterdir() if path.name != NAME]
    flip(tmp_path / NAME / "predictions" / "test.npz", 777)
    with pytest.raises(
        UserError, match=rf"{NAME} is damaged; run `python bench.py` again\n.*test.npz cannot be read"
    ):
        run("verify", tmp_path / NAME, other)
    assert capfd.readouterr().out == f"{other}: sound (2 trained heads, their predictions, results.csv)\n"
    with pytest.raises(UserError, match=r"test\.npz cannot be read"):
        run("compare", tmp_path / NAME, other, other)
    assert "the same 70 test rows" in capfd.readouterr().out
    with pytest.raises(UserError, match=r"^\S+test\.npz cannot be read"):
        run("compare", tmp_path / NAME, other)
    run()
    assert "sound" in run("verify", tmp_path / NAME)


def test_a_quiet_run_prints_its_table_alone_and_its_proof_is_json(run: Bench, tmp_path: Path) -> None:
    said = run("--quiet")
    assert said.startswith("\n")
    assert said.endswith(f"\n\nwritten to {tmp_path / NAME}/\n")
    assert "fold" not in said.split("written to")[1]
    assert "epoch " not in said
    sound = {"run": str(tmp_path / NAME), "sound": True}
    (proof,) = json.loads(run("verify", tmp_path / NAME, "--json"))
    assert proof.items() >= sound.items()


def test_a_second_one_on_the_same_folder_is_refused(run: Bench, tmp_path: Path) -> None:
    run()
    before = content(tmp_path / NAME)
    with held(str(tmp_path / NAME)):
        with pytest.raises(
            UserError, match=rf"{NAME} is being written by process {os.getpid()} on .* choose another --out"
        ):
            run()
        run("--epochs", 1)
    assert content(tmp_path / NAME) == before


def test_somebody_else_s_files_stay_and_links_lead_nowhere(run: Bench, tmp_path: Path) -> None:
    victim, folder = tmp_path.parent / f"{tmp_path.name}-victim", tmp_path / NAME
    (victim / "epoch-000001").mkdir(parents=True)
    (victim / "epoch-000001" / "facts.json").write_text("theirs")
    before = content(victim)
    (folder / "state" / "mynotes").mkdir(parents=True)
    (folder / "state" / "mynotes" / "a").write_text("mine")
    for name in ("results.json", "report.html", "results.json.partial", "comparison.png"):
        (folder / name).symlink_to(victim / "epoch-000001" / "facts.json")
    assert "not written by bench.py, and left as they are: state/mynotes/a" in run()
    assert (folder / "state" / "mynotes" / "a").read_text() == "mine"
    for name in ("state", "checkpoints", "history", "predictions"):
        (folder / name).rename(folder / "aside")
        (folder / name).symlink_to(victim)
        with pytest.raises(UserError, match=f"{name} is a link"):
            run()
        (folder / name).unlink()
        (folder / "aside").rename(folder / name)
    assert content(victim) == before


@pytest.fixture
def no_room() -> Iterator[Callable[[int], None]]:
    """Limits the size of any file that is written."""
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    signal.signal(signal.SIGXFSZ, before)


def test_a_full_disk_is_one_line_and_leaves_the_older_run(
    run: Bench, tmp_path: Path, no_room: Callable[[int], None], capfd: pytest.CaptureFixture[str]
) -> None:
    run()
    before = content(tmp_path / NAME)
    for size in (0, 200, 3000, 20_000):
        no_room(size)
        try:
            with pytest.raises(UserError, match=r"cannot be written \(File too large\)") as caught:
                run()
        finally:
            no_room(resource.RLIM_INFINITY)
        assert "\n" not in str(caught.value)
        assert content(tmp_path / NAME) == before
        assert "Traceback" not in "".join(capfd.readouterr())
    run("--resume")


def test_no_room_for_a_name_is_told_alike(run: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    run()
    for name in ("mkdir", "rename", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, full)
            with pytest.raises(UserError, match=r"cannot be written \(No space left on device\)"):
                run()


def test_heads_that_diverge_are_valid_json(
    run: Bench, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def no_constant(text: str) -> None:
        raise AssertionError(f"{text} is no JSON")

    spoilt = make(tmp_path / "spoilt", spoilt=True)
    said = run("--json", cache_dir=spoilt)
    fields = json.loads(said.splitlines()[0], parse_constant=no_constant)
    assert fields["results"][1]["test_loss"] is None
    assert "sound" in run("verify", tmp_path / NAME)
    beside = run("compare", tmp_path / NAME, tmp_path / NAME, "--json")
    assert json.loads(beside, parse_constant=no_constant)["runs"][0]["accuracy"]["cls"] is None
    assert not re.search(r"-0\.0*\b(?!\d)", beside)
