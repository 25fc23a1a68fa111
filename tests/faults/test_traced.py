"""Every command on what a stranger sent, watched by strace: what is not named is not written, and nobody is called.

A path in a call says nothing of links on its way: where they lead, `precious/` is compared before and after.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ..made import ROOT, Made

WRITES = re.compile(
    r"^\d+ +(?:creat|mkdir|rmdir|unlink|rename|link|symlink|mknod|truncate|chmod|lchown|chown|utime)\w*\("
    r"|^\d+ +open\w*\(.*\bO_(?:WRONLY|RDWR|CREAT|TRUNC|APPEND)\b"
)
FAILED = re.compile(r"\) += -1 E")
NAMED = re.compile(r'(?:(AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"')
CONNECT = re.compile(r"^\d+ +connect\(")
DAEMONS = ("/var/run/nscd/socket", "/run/systemd/userdb", "/var/run/.heim_org.h5l")
"""What the C library asks for names of users: sockets of this machine."""
DEVICES = ("/dev/null", "/dev/tty", "/dev/shm/sem.", "/dev/shm/__KMP", "/dev/shm/psm_", "/proc/self/")
"""Devices, and memory that processes of one command share."""


class Places(NamedTuple):
    """Folders that a test names, and the ones that the command has for itself.

    Attributes:
        sent: What a stranger sent.
        work: Where results go.
        own: Home and temporary folder of the command: TMPDIR, HOME, and JAX' compiled programs.
        precious: Somebody's files, to which links in the other folders lead.
    """

    sent: Path
    work: Path
    own: Path
    precious: Path


def fingerprint(folder: Path) -> dict[str, tuple[int, str]]:
    """What is in a folder, with the time of its last change."""
    files = sorted(path for path in folder.rglob("*"))
    return {
        str(path): (
            path.lstat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in [folder, *files]
    }


def plant(folder: Path, precious: Path, deep: bool) -> None:
    """Put into each folder what leads out, never ends, or has a name that moves the cursor."""
    below = [path for path in folder.rglob("*") if path.is_dir()] if deep else []
    for place in [folder, *below]:
        (place / "manifest.json.__lock").symlink_to(precious / "file")
        (place / "lock.json").unlink(missing_ok=True)
        (place / "lock.json").symlink_to(precious / "file")
        (place / "zz\x1b[31mred\u202e\n").symlink_to(precious)
        os.mkfifo(place / "pipe")
        os.link(precious / "file", place / "second-name")


@pytest.fixture
def places(made_run: Callable[[str], Any], tmp_path: Path) -> Places:
    """What a stranger sent: cache, run folder and backbone as they were, with traps at the top, and in every folder."""
    made: Made = made_run("float32")
    places = Places(*(tmp_path / name for name in ("sent", "work", "own", "precious")))
    for folder in places:
        folder.mkdir()
    for name in ("tmp", "home", "programs"):
        (places.own / name).mkdir()
    (places.precious / "file").write_text("precious")
    for name in ("sound", "strewn", "trapped"):
        features, backbone = made.run.parent.parent / "features", made.backbone
        shutil.copytree(features, places.sent / name / "features")
        shutil.copytree(made.run.parent, places.sent / name / "results")
        shutil.copytree(backbone, places.sent / name / backbone.name)
        shutil.copy(made.run.parent.parent / "data.csv", places.sent / name)
    for part in ("features", "results"):
        for name in ("strewn", "trapped"):
            plant(next((places.sent / name / part).iterdir()), places.precious, deep=name == "trapped")
            (places.sent / name / made.backbone.name / f"{part}-pipe\x1b[31m").symlink_to(places.precious)
    plant(places.sent / "trapped" / made.backbone.name, places.precious, deep=False)
    (places.work / "labels.csv").symlink_to(places.precious / "file")
    (places.work / "page.html").symlink_to(places.precious / "file")
    (places.work / "trapped.csv.partial").symlink_to(places.precious / "file")
    (places.work / "linked").mkdir()
    (places.work / "linked" / made.run.name).symlink_to(places.precious)
    return places


def commands(places: Places, kind: str) -> dict[str, list[str]]:
    """Command lines on what was sent."""
    sent, work = places.sent / kind, places.work
    (cache,), (run,) = (list((sent / part).iterdir()) for part in ("features", "results"))
    backbone, data = str(sent / "tiny"), str(sent / "data.csv")
    flags = ["--data", data, "--backbone", backbone, "--max-length", "32", "--compute-dtype", "float32"]
    again = [*flags, "--cache-dir", str(sent / "features")]
    bench = ["bench.py", "--heads", "avg", "--epochs", "1", "--no-floors", "--cache", str(cache)]
    predict = ["predict.py", "--run", str(run), "--backbone", backbone, "--head", "avg"]
    return {
        "preview": ["-m", "extract", *flags, "--preview", "2"],
        "where": ["-m", "extract", *again, "--where"],
        "extract": ["-m", "extract", *flags, "--cache-dir", str(work / "features")],
        "extract again": ["-m", "extract", *again],
        "extract layers": ["-m", "extract", *flags, "--layers", "0,2", "--cache-dir", str(work / "some")],
        "extract to a layer": ["-m", "extract", *flags, "--layer", "1", "--cache-dir", str(work / "short")],
        "extract like": ["-m", "extract", "--like", str(cache), *flags, "--cache-dir", str(work / "like")],
        "prepare": ["-m", "extract", "prepare", "jigsaw", data, "-o", str(work / "labels.csv")],
        "list": ["-m", "cache", "list", "--cache-dir", str(sent / "features")],
        "show": ["-m", "cache", "show", str(cache)],
        "verify": ["-m", "cache", "verify", str(cache)],
        "bench": [*bench, "--out", str(work / "results")],
        "bench to a link": [*bench, "--out", str(work / "linked")],
        "bench there": [*bench, "--out", str(sent / "results"), "--resume"],
        "folds": [*bench, "--out", str(work / "folds"), "--folds", "3"],
        "layers": ["bench.py", "layers", *bench[1:], "--out", str(work / "layers")],
        "layers there": ["bench.py", "layers", *bench[1:], "--out", str(sent / "results")],
        "heads on layers": [*bench, "--heads", "avg@0,mix,attn", "--out", str(work / "on-layers")],
        "bench like": ["bench.py", "--like", str(run), "--cache", str(cache), "--out", str(work / "again")],
        "bench verify": ["bench.py", "verify", str(run)],
        "compare": ["bench.py", "compare", str(run), str(run)],
        "predict": [*predict, "some text"],
        "explain": [*predict, "some text", "--explain", "--html", str(work / "page.html")],
        "label": [*predict, "--input", data, "--output", str(work / "labels.csv")],
        "label trapped": [*predict, "--input", data, "--output", str(work / "trapped.csv")],
        "export": ["predict.py", "export", str(run), str(work / f"export-{kind}"), "--backbone", backbone],
        "repair": ["-m", "cache", "repair", str(cache), "--", *again],
        "remove": ["-m", "cache", "remove", "--yes", str(cache)],
    }


def calls(line: list[str], places: Places, log: Path) -> tuple[int, str, list[str]]:
    """Run a command under strace: its exit code, what it printed, and its calls of the system."""
    trace = ["strace", "-f", "-y", "-qq", "--seccomp-bpf", "-s", "4096", "-e", "trace=network,%file"]
    own = {"HOME": "home", "TMPDIR": "tmp", "JAX_COMPILATION_CACHE_DIR": "programs"}
    environment = {**os.environ, **{name: str(places.own / folder) for name, folder in own.items()}}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("HF_HUB_OFFLINE", None)
    ended = subprocess.run(
        [*trace, "-o", str(log), sys.executable, *line],
        cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    printed = (ended.stdout + ended.stderr).decode(errors="replace")
    return ended.returncode, printed, log.read_text(errors="replace").splitlines()


def outside(line: str, allowed: tuple[str, ...]) -> list[str]:
    """Paths that a call of the system changes, and that are in no folder that it may change."""
    paths = []
    for _, folder, name in NAMED.findall(line):
        path = os.path.normpath(os.path.join(folder or ROOT, name))
        if not path.startswith(allowed):
            paths.append(path)
    return paths


def mistakes(lines: list[str], places: Places) -> list[str]:
    """Calls that change something elsewhere, or call somebody."""
    folders = tuple(f"{folder}{end}" for folder in (places.work, places.own, places.sent) for end in ("/",))
    allowed = (*folders, *DEVICES, str(places.own))
    wrong = [
        line for line in lines if WRITES.search(line) and not FAILED.search(line) and outside(line, allowed)
    ]
    return wrong + [
        line for line in lines if CONNECT.search(line) and not any(name in line for name in DAEMONS)
    ]


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize("kind", ["sound", "strewn", "trapped"])
def test_nothing_is_written_elsewhere_and_nobody_is_called(kind: str, places: Places) -> None:
    before, ends, seen = fingerprint(places.precious), dict[str, int](), 0
    for name, line in commands(places, kind).items():
        if name == "repair":  # there has to be something to mend
            (block,) = (places.sent / kind / "features").glob("*/test/00000/rows/c/0")
            block.write_bytes(b"")
        code, printed, lines = calls(line, places, places.own / "trace")
        assert code in (0, 2), (name, printed)
        assert "Traceback" not in printed, (name, printed)
        assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202e]", printed.replace("\x1b[K", "")), name
        assert mistakes(lines, places) == [], name
        assert fingerprint(places.precious) == before, name
        ends[name], seen = code, seen + len(lines)
    print(kind, {"calls": seen, **ends}, end=" ")
    assert ends["verify"] == (0 if kind == "sound" else 2)


def test_a_write_elsewhere_and_a_call_would_be_seen(tmp_path: Path) -> None:
    places = Places(*(tmp_path / name for name in ("sent", "work", "own", "precious")))
    mine, elsewhere = f"{places.work}/a", "/home/someone/a"
    calls_seen = [
        f'7  openat(AT_FDCWD<{ROOT}>, "{elsewhere}", O_WRONLY|O_CREAT|O_CLOEXEC, 0666) = 3<{elsewhere}>',
        f'7  rename("{mine}", "{elsewhere}") = 0',
        '7  unlinkat(5</home/someone>, "a", 0) = 0',
        '7  mkdir("results", 0777) = 0',
        "7  connect(3<socket:[1]>, {sa_family=AF_INET, sin_port=htons(53)}, 16) = -1 EINPROGRESS",
    ]
    harmless = [
        f'7  openat(AT_FDCWD<{ROOT}>, "{elsewhere}", O_RDONLY|O_CLOEXEC) = 3<{elsewhere}>',
        f'7  rename("{mine}", "{mine}b") = 0',
        f'7  unlinkat(5<{places.work}>, "a", 0) = 0',
        f'7  mkdir("{elsewhere}", 0777) = -1 EEXIST (File exists)',
        '7  connect(3<socket:[1]>, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT',
    ]
    assert mistakes(calls_seen + harmless, places) == calls_seen
