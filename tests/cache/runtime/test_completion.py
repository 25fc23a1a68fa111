"""Completion in a real bash and a real zsh, of every command, flag and choice."""

import os
import pty
import re
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from headstart.__main__ import COMMANDS, every_command_line
from headstart.cache import UserError
from headstart.cache.runtime.completion import script

LINES = every_command_line()
ASK = """
ask() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _headstart
    echo "${COMPREPLY[*]}"
}
"""


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], list[str]]:
    """What bash answers to each command line of `QUESTIONS`, in one process."""
    asked = [" ".join(f"'{word}'" for word in ("headstart", *words)) for words in QUESTIONS]
    lines = "\n".join([script("bash", LINES), ASK, *(f"ask {words}" for words in asked)])
    run = subprocess.run(["bash", "-c", lines], capture_output=True, text=True, check=True)
    assert run.stderr == ""
    return dict(zip(QUESTIONS, map(str.split, run.stdout.splitlines()), strict=True))


FLAGS = {(*name.split(), "--"): line for name, line in LINES.items()}
CHOICES = {
    (*name.split(), argument.flag, ""): argument.choices
    for name, line in LINES.items()
    for argument in line.arguments
    if argument.choices
}
EXPECTED = {
    ("be",): ["bench"],
    ("bench", "la"): ["layers"],
    ("bench", "--prec"): ["--precision"],
    ("bench", "layers", "--seeds", "3", "--mem"): ["--memory", "--memory-limit"],
    ("bench", "--precision", "fl"): ["float32"],
    ("extract", "prepare", ""): ["jigsaw"],
    ("cache", ""): ["list", "show", "verify", "repair", "remove"],
    ("--completion", ""): ["bash", "zsh"],
    ("extract", "--cache-dir", ""): [],  # files
    ("predict", "--input", ""): [],
    ("nothing", ""): ["--help", "--version", "--completion", *COMMANDS],
}
QUESTIONS = [*EXPECTED, *FLAGS, *CHOICES]


def test_words_are_completed(complete: dict[tuple[str, ...], list[str]]) -> None:
    assert {words: complete[words] for words in EXPECTED} == EXPECTED


def test_every_flag_is_completed(complete: dict[tuple[str, ...], list[str]]) -> None:
    for words, line in FLAGS.items():
        flags = {argument.flag for argument in line.arguments if not argument.about.positional}
        assert {*complete[words]} == {*flags, "--help"}, words


def test_every_choice_is_completed(complete: dict[tuple[str, ...], list[str]]) -> None:
    assert CHOICES
    assert {words: tuple(complete[words]) for words in CHOICES} == CHOICES


def test_another_shell_is_a_question() -> None:
    for shell, says in (("zhs", r"did you mean 'zsh'\? "), ("", ""), ("powershell", "")):
        with pytest.raises(UserError, match=f"there is no completion for '{shell}'; {says}shells: bash, zsh"):
            script(shell, LINES)


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
def test_zsh_completes_too(tmp_path: Path) -> None:
    (tmp_path / "script").write_text(script("zsh", LINES))
    begin = (
        f"autoload -U compinit && compinit -u -d {tmp_path}/dump && source {tmp_path}/script && echo ready"
    )
    shown = typed(
        [f"{begin}\n", "headstart ben\t", "--prec\t", "fl\t"], ["\nready", "bench ", "sion ", "float32"]
    )
    assert re.search("headstart bench +--precision +float32", shown.replace("\x08", ""))


def typed(keys: list[str], answers: list[str]) -> str:
    """What a terminal shows where someone types into zsh, each time once the answer before is there."""
    terminal, other = pty.openpty()
    environment = {**os.environ, "TERM": "dumb", "PS1": "> "}
    shell = subprocess.Popen(["zsh", "-f", "-i"], stdin=other, stdout=other, stderr=other, env=environment)
    shown, deadline = "", time.monotonic() + 60
    try:
        for key, answer in zip(keys, answers, strict=True):
            start = len(shown)
            os.write(terminal, key.encode())
            while answer not in shown[start:] and time.monotonic() < deadline:
                if select.select([terminal], [], [], 1)[0]:
                    shown += os.read(terminal, 4096).decode()
    finally:
        shell.kill()
        shell.wait()
        os.close(terminal)
        os.close(other)
    return shown
