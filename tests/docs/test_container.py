"""The Dockerfile: what it copies is there and reaches the build, and nothing in it is secret or of one place."""

import re
import shlex
from fnmatch import fnmatch
from pathlib import Path

import pytest

from headstart.__main__ import every_command_line
from tests.structure import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
INSTRUCTIONS = {
    "FROM", "COPY", "RUN", "ENV", "USER", "WORKDIR", "ENTRYPOINT", "CMD", "ARG", "LABEL", "EXPOSE", "VOLUME",
}  # fmt: skip
PINNED = re.findall(r"[\w-]+==[\w.]+", DOCKERFILE)


def steps(text: str) -> list[tuple[str, str]]:
    """Instruction and arguments of each step; comments are left out, continued lines joined."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    return [
        (word, rest)
        for word, _, rest in (
            line.partition(" ") for line in re.sub(r"\\\n\s*", "", lines).split("\n") if line
        )
    ]


STEPS = steps(DOCKERFILE)


def copied() -> list[Path]:
    return [ROOT / source for word, rest in STEPS if word == "COPY" for source in shlex.split(rest)[:-1]]


def test_every_step_is_one() -> None:
    assert {word for word, _ in STEPS} <= INSTRUCTIONS
    assert STEPS[0][0] == "FROM"
    assert [rest for word, rest in STEPS if word == "FROM"] == ["python:3.12-slim"]
    assert ("ENTRYPOINT", '["headstart"]') in STEPS


def test_what_is_copied_is_there_and_reaches_the_build() -> None:
    rules = (ROOT / ".dockerignore").read_text().split()
    assert rules[0] == "*"
    assert len(copied()) >= 9
    for path in copied():
        assert path.exists(), path
        assert f"!{path.relative_to(ROOT)}" in rules


def test_the_package_is_whole() -> None:
    """Rooms that `headstart/` links to are copied beside it, and what pyproject.toml reads is there."""
    names = {path.name for path in copied()}
    links = {path.readlink().name for path in (ROOT / "headstart").iterdir() if path.is_symlink()}
    assert links <= names
    assert {"pyproject.toml", "README.md", "LICENSE", "constraints.txt"} <= names


def test_the_user_has_no_rights() -> None:
    users = [rest for word, rest in STEPS if word == "USER"]
    assert users
    assert users[-1] not in ("root", "0")
    assert f"useradd --create-home --uid 1000 {users[-1]}" in DOCKERFILE


@pytest.mark.parametrize("name", ["Dockerfile", ".dockerignore"])
def test_no_secret_and_no_place(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not re.search(
        r"token|secret|password|api_key|https?://|--index-url|--trusted-host", text, re.IGNORECASE
    )
    assert not [rule for rule in text.split() if rule.startswith("!") and fnmatch(rule[1:], ".*")]


def test_releases_are_those_of_the_makefile_and_the_hub_is_not_asked() -> None:
    assert PINNED
    assert [pin for pin in PINNED if pin not in (ROOT / "Makefile").read_text()] == []
    assert "--constraint /source/constraints.txt /source" in DOCKERFILE
    assert any(word == "ENV" and "HF_HUB_OFFLINE=1" in rest for word, rest in STEPS)


def test_commands_in_its_comments_are_ones() -> None:
    lines = re.sub(r" \\\n#\s+", " ", DOCKERFILE).splitlines()
    runs = [line for line in lines if re.match(r"# +docker run", line)]
    assert len(runs) >= 2
    for line in runs:
        assert re.search(r" headstart (\w+)", line)[1] in {name.split()[0] for name in every_command_line()}  # type: ignore[index]
