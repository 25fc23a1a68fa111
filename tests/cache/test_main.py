"""`python -m cache`, as a user runs it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import headstart.cache.__main__ as command
from headstart.cache.runtime.errors import exit_code


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
    assert (
        done.stderr
        == "error: there is no feature cache at nowhere; make one with `python -m extract --split all`\n"
    )


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


def test_everything_can_be_had_as_json(
    cache_path: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def result(*arguments: str, code: int = 0) -> Any:
        monkeypatch.setattr("sys.argv", ["cache", *arguments, "--json"])
        assert exit_code(command.main) == code
        return json.loads(capsys.readouterr().out)

    root = str(Path(cache_path).parent)
    Path(root, "unfinished").mkdir()
    Path(root, "unfinished/recipe.json").touch()
    made, unfinished = result("list", "--cache-dir", root)
    assert (made["path"], made["rows"], made["splits"]) == (
        cache_path,
        14,
        {"train": 8, "valid": 2, "test": 4},
    )
    assert unfinished["problem"] == "unfinished, 0 blocks are there"
    shown = result("show", cache_path)
    assert shown.items() >= made.items()
    assert sum(shown["lengths"]["train"]) == sum(shown["classes"]["train"].values()) == 8
    assert result("verify", cache_path) == {"path": cache_path, "sound": True, "problems": []}
    assert result("repair", cache_path) == {"path": cache_path, "repaired": []}
    shard(cache_path, "train/00001/hidden").unlink()
    damaged = result("verify", cache_path, code=2)
    assert [problem["block"] for problem in damaged["problems"]] == ["00001"]
    assert result("remove", cache_path, "--yes") == {"removed": cache_path}


def test_remove_asks(cache_path: str) -> None:
    asked = run("remove", cache_path, answer="n\n")
    assert (asked.returncode, asked.stderr) == (2, "error: nothing was removed\n")
    assert f"remove {cache_path} (" in asked.stdout
    assert Path(cache_path).exists()
    assert run("remove", cache_path, answer="y\n").returncode == 0
    assert not Path(cache_path).exists()
    assert run("remove", cache_path, "--yes").stderr == f"error: there is no folder {cache_path}\n"
