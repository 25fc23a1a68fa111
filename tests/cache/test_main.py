"""`python -m cache`, as a user runs it."""

import subprocess
import sys
from pathlib import Path


def run(*arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cache", *arguments]
    return subprocess.run(command, input=answer, capture_output=True, text=True, check=False)


def shard(location: str, array: str) -> Path:
    return next(path for path in (Path(location) / array / "c").rglob("*") if path.is_file())


def test_list_and_show_from_the_command_line(cache_path: str) -> None:
    root = str(Path(cache_path).parent)
    assert "train 8, valid 2, test 4" in run("list", "--cache-dir", root).stdout
    assert "padded float32 tensor" in run("show", "--cache-dir", root).stdout
    assert run("show", cache_path).returncode == 0
    (Path(cache_path) / "manifest.json").unlink()
    assert "unfinished, 4 blocks are there" in run("list", "--cache-dir", root).stdout


def test_a_mistake_is_one_line_and_exit_code_2() -> None:
    done = run("show", "nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: there is no feature cache at nowhere; make one with `python -m extract`\n"


def test_verify_and_repair_from_the_command_line(cache_path: str) -> None:
    assert "sound (14 rows" in run("verify", cache_path).stdout
    shard(cache_path, "train/00001/hidden").unlink()
    done = run("verify", cache_path)
    assert done.returncode == 2
    assert "train/00001: missing: hidden" in done.stdout
    assert "`python -m cache repair` mends it" in done.stderr
    asked = run("repair", cache_path)
    assert asked.returncode == 2
    assert f"python -m cache repair {cache_path} --" in asked.stderr
    assert (Path(cache_path) / "manifest.json").exists()  # nothing was dropped yet


def test_remove_asks(cache_path: str) -> None:
    asked = run("remove", cache_path, answer="n\n")
    assert (asked.returncode, asked.stderr) == (2, "error: nothing was removed\n")
    assert f"remove {cache_path} (" in asked.stdout
    assert Path(cache_path).exists()
    assert run("remove", cache_path, answer="y\n").returncode == 0
    assert not Path(cache_path).exists()
    assert run("remove", cache_path, "--yes").stderr == f"error: there is no folder {cache_path}\n"
