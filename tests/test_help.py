"""`--help` must not import what makes starting slow, and lists every default."""

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

from headstart.__main__ import every_command_line
from headstart.cache.runtime.command_line import CommandLine
from headstart.cache.runtime.option_files import FILES, configurable

ROOT = Path(__file__).parent.parent
CACHE_COMMANDS = ("list", "show", "verify", "repair", "remove")
COMMANDS = [
    ["-m", "extract"], ["-m", "extract", "prepare", "jigsaw"], ["bench.py"],
    *(["-m", "cache", command] for command in CACHE_COMMANDS)
]  # fmt: skip
SLOW = ("jax", "transformers", "pandas", "sklearn", "matplotlib", "orbax")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_is_light_and_lists_defaults(command: list[str]) -> None:
    line = [sys.executable, "-X", "importtime", *command, "--help"]
    run = subprocess.run(line, capture_output=True, text=True, check=True, cwd=ROOT)
    imported = {entry.split("|")[-1].strip() for entry in run.stderr.splitlines()}
    assert not imported & set(SLOW)
    options = re.split(r"\n  (?:-o \w+, )?--", run.stdout)[1:]
    assert options
    for option in options:
        assert "(default:" in " ".join(option.split()), option


LINES = every_command_line()
FILES_FROM = 4
"""Options from which on a command reads them from a file, too; beside those that every command has."""
EVERYWHERE = {"quiet", "json", "config", "like"}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_help_fields_and_files_have_the_same_options(line: CommandLine) -> None:
    text = line.parser().format_help()
    shown = set(re.findall(r"^  (?:-\w(?: \w+)?, )?--([a-z-]+)", text, re.MULTILINE)) - {"help"}
    fields = [field for settings in line.settings for field in dataclasses.fields(settings)]
    positional = {field.name for field in fields if field.metadata["option"].positional}
    options = {field.name for field in fields} - positional
    assert len(fields) == len({field.name for field in fields})
    assert {name.replace("-", "_") for name in shown} == options
    assert {"quiet", "json"} <= options
    files = {field.name for field in fields if field.metadata["option"].group == FILES}
    assert set(configurable(line.arguments)) == options - files
    assert ("config" in options) == (len(options - EVERYWHERE) >= FILES_FROM)
    assert ("like" in options) == (line.like is not None)
    assert len(line.examples) == 3
    assert all(f"\n  {example}" in text for example in line.examples)


def sample(line: CommandLine, name: str) -> object:
    """A value of an option that is not its default."""
    argument = configurable(line.arguments)[name]
    if argument.is_switch:
        return True
    numbers = {"threshold": 0.5, "memory_limit": "7MB"}
    if argument.choices:
        return next(choice for choice in argument.choices if choice != argument.default)
    return numbers.get(name, 7 if argument.about.parse or argument.kind is int else "x")


@pytest.mark.parametrize(
    "name", [name for name, line in LINES.items() if any(a.name == "config" for a in line.arguments)]
)
def test_each_option_means_the_same_in_a_file(name: str, tmp_path: Path) -> None:
    line, file = LINES[name], tmp_path / "options.toml"
    required = [
        "needed" if argument.about.positional else f"{argument.flag}=needed"
        for argument in line.arguments
        if argument.required
    ]
    plain = line.parse(required)
    for option in configurable(line.arguments):
        value, flag = sample(line, option), f"--{option.replace('_', '-')}"
        file.write_text(f"{option} = {str(value).lower() if value is True else repr(value)}\n")
        flags = [*required, flag] if value is True else [*required, f"{flag}={value}"]
        from_file = line.parse(
            ["--config", str(file), *(r for r in required if not r.startswith(f"{flag}="))]
        )
        again = [
            dataclasses.replace(part, config=None) if hasattr(part, "config") else part for part in from_file
        ]
        assert again == line.parse(flags), option
        assert again != plain, option
