"""The command `headstart`, from a wheel, in a folder where a user's own files have the names of the rooms."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from headstart.__main__ import CHECKOUT, COMMANDS
from headstart.version import __version__

from .extract.conftest import DISTILBERT, random_weights, save_backbone

ROOT = Path(__file__).parent.parent
OWN = ("train", "cache", "extract", "heads", "bench", "predict", "tests")
SLOW = ("jax", "transformers", "pandas", "sklearn", "matplotlib", "orbax")


def headstart(folder: Path, site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`headstart ...` in a folder, with the package at `site` in front of the checkout's."""
    line = [sys.executable, "-m", "headstart", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(site)}
    return subprocess.run(line, capture_output=True, text=True, check=False, cwd=folder, env=environment)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a wheel of the checkout puts into site-packages."""
    folder = tmp_path_factory.mktemp("wheel")
    source = (
        folder / "source"
    )  # setuptools leaves a folder `build`, which a later wheel would take stale files from
    shutil.copytree(ROOT / "headstart", source / "headstart", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    make = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--quiet",
        "--wheel-dir",
        str(folder),
        str(source),
    ]
    subprocess.run(make, check=True, capture_output=True)
    (wheel,) = folder.glob("headstart-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder: data, a backbone, and modules of their own with our rooms' names."""
    folder = tmp_path_factory.mktemp("user")
    for name in OWN:
        (folder / f"{name}.py").write_text("raise SystemExit('the user\\'s own module was imported')\n")
    rows = [
        f"you are {word} {number},{number % 2}" for number, word in enumerate(["kind", "rude", "good"] * 20)
    ]
    (folder / "data.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    save_backbone(folder / "tiny", DISTILBERT, random_weights(DISTILBERT))
    return folder


def test_a_wheel_holds_one_package_and_all_its_files(site: Path) -> None:
    assert {path.name for path in site.iterdir()} == {
        "headstart",
        *(p.name for p in site.glob("*.dist-info")),
    }
    rooms = [ROOT / "headstart", *(ROOT / room for room in ("cache", "extract", "heads", "train"))]
    kinds = (".py", ".css", ".js", ".html", ".jinja", ".typed")
    product = [p for room in rooms for p in room.glob("**/*") if p.suffix in kinds]
    assert {p.suffix for p in product} == {*kinds}
    for path in product:
        inside = path.relative_to(ROOT)
        inside = inside if inside.parts[0] == "headstart" else Path("headstart", inside)
        assert (site / inside).read_bytes() == path.read_bytes()


def test_both_stages_run_beside_a_users_own_modules(site: Path, folder: Path) -> None:
    flags = ("--data", "data.csv", "--backbone", "tiny", "--max-length", "32")
    extracted = headstart(folder, site, "extract", *flags)
    assert extracted.returncode == 0, extracted.stderr
    (cache,) = (folder / "features").iterdir()
    assert '"command": "headstart extract --data data.csv' in (cache / "manifest.json").read_text()

    trained = headstart(folder, site, "bench", "--heads", "avg", "--epochs", "1", "--no-floors")
    assert trained.returncode == 0, trained.stderr
    assert "headstart bench --cache" in (folder / "results" / cache.name / "report.html").read_text()

    run = f"results/{cache.name}"
    assert headstart(folder, site, "verify", run).returncode == 0
    labelled = headstart(folder, site, "predict", "--run", run, "you are kind")
    assert labelled.returncode == 0, labelled.stderr
    assert "you are kind" in labelled.stdout

    here = [sys.executable, "-m", "extract", *flags, "--data", str(folder / "data.csv"), "--where"]
    here[here.index("tiny")] = str(folder / "tiny")
    in_checkout = subprocess.run(here, capture_output=True, text=True, check=True, cwd=ROOT)
    assert Path(in_checkout.stdout.strip()).name == cache.name


@pytest.mark.slow
def test_a_repair_runs_extract_by_the_same_name(site: Path, folder: Path) -> None:
    flags = ("--data", "data.csv", "--backbone", "tiny", "--max-length", "32", "--cache-dir", "mended")
    extracted = headstart(folder, site, "extract", *flags, "--json")
    assert extracted.returncode == 0
    result = json.loads(extracted.stdout)
    assert (result["rows"], result["splits"]["test"], result["problem"]) == (60, 6, None)
    assert "60 rows" in extracted.stderr
    (cache,) = (folder / "mended").iterdir()
    chunk = next(path for path in (cache / "test/00000/pooled/c").rglob("*") if path.is_file())
    chunk.write_bytes(bytes(len(chunk.read_bytes())))
    found = headstart(folder, site, "cache", "repair", str(cache))
    assert found.returncode == 2
    assert f"headstart cache repair {cache} -- --data data.csv --backbone tiny" in found.stderr
    mended = headstart(folder, site, "cache", "repair", str(cache), "--", *flags)
    assert mended.returncode == 0, mended.stderr
    assert "running: headstart extract --data data.csv" in mended.stdout
    assert "sound again" in mended.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_light_and_speaks_of_headstart(name: str) -> None:
    line = [sys.executable, "-X", "importtime", "-m", "headstart", name, "--help"]
    run = subprocess.run(line, capture_output=True, text=True, check=True, cwd=ROOT)
    imported = {entry.split("|")[-1].strip() for entry in run.stderr.splitlines()}
    assert not imported & set(SLOW)
    assert run.stdout.startswith("usage: headstart ")
    assert not [command for command in CHECKOUT if f"usage: {command}" in run.stdout]


def test_alone_it_names_its_commands_and_an_unknown_one_is_a_question(tmp_path: Path) -> None:
    alone = headstart(tmp_path, ROOT)
    assert alone.returncode == 0
    assert all(f"\n  {name} " in alone.stdout for name in COMMANDS)
    wrong = headstart(tmp_path, ROOT, "extrakt")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("error: there is no command 'extrakt'; did you mean 'extract'?")
    version = headstart(tmp_path, ROOT, "--version")
    assert version.stdout.strip() == __version__


def test_messages_name_commands_that_work_there(tmp_path: Path) -> None:
    lost = headstart(tmp_path, ROOT, "cache", "verify", "nothing")
    assert lost.returncode == 2
    assert (
        lost.stderr
        == "error: there is no feature cache at nothing; make one with `headstart extract --split all`\n"
    )
