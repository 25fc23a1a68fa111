"""What the documents say can be done: links lead somewhere, commands are ones, figures are those that were measured."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from headstart.__main__ import every_command_line
from headstart.cache.runtime.command_line import choose
from tests.draw_imports import PICTURE, places
from tests.structure import ROOT

DOCUMENTS = sorted(
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
)
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
README = (ROOT / "README.md").read_text()
PROGRAMS = {
    ("python", "-m", "extract"): "extract",
    ("python", "-m", "cache"): "cache",
    ("python", "bench.py"): "bench",
    ("python", "predict.py"): "predict",
    ("headstart",): "",
}


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """Language and content of each fenced block."""
    for match in re.finditer(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield match[1], match[2]


def commands(text: str) -> list[str]:
    """Lines of the plain blocks that begin with a program's name; what stands behind a # is a remark."""
    begins = ("make ", "python ", "headstart ", "pip ", "source ", "cat ")
    lines = (line for language, block in blocks(text) if not language for line in block.splitlines())
    return [re.sub(r"\s+#.*", "", line) for line in lines if line.startswith(begins)]


def anchors(text: str) -> set[str]:
    """The names by which a document's headings can be linked, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readme_is_short() -> None:
    lines = README.splitlines()
    assert len(lines) <= 200
    assert [line for line in lines if len(line) > 100] == []


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text()
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        assert file.exists(), f"{name} links {target}"
        assert not anchor or anchor in anchors(file.read_text()), f"{name} links {target}"


def check(command: str) -> None:
    """Fail unless a command of ours is one: its name and its options are known, values of numbers are numbers."""
    words = shlex.split(command)
    program = next((start for start in PROGRAMS if tuple(words[: len(start)]) == start), None)
    if program is None:
        return
    rest = words[len(program) :]
    name = PROGRAMS[program] or rest.pop(0)
    lines = {
        line.removeprefix(name).strip(): found
        for line, found in every_command_line().items()
        if line.split()[0] == name
    }
    chosen, arguments = choose("", "", lines, rest, lambda: ("", ()))
    lines[chosen].parse(arguments)


@pytest.mark.parametrize(
    ("name", "command"),
    [(name, line) for name in NAMES for line in commands((ROOT / name).read_text())],
)
def test_commands_are_ones(name: str, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first, *rest = shlex.split(command)
    if first == "make":
        assert re.search(rf"^{rest[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    elif command.startswith("python tests/"):
        assert (ROOT / rest[0]).is_file()
    elif command.startswith("pip install -e"):
        extras = re.findall(r"\[(.*?)\]", command)
        assert all(f"\n{extra} = [" in (ROOT / "pyproject.toml").read_text() for extra in extras)
    else:
        for part in command.split(" | "):
            check(part)


def test_a_wrong_command_would_be_noticed() -> None:
    with pytest.raises((SystemExit, ValueError, RuntimeError)):
        check("python bench.py --hheads all")
    assert len(commands(README)) >= 10


def test_figures_of_speed_are_measured_ones() -> None:
    table = README.partition("## How fast")[2].partition("\n## ")[0]
    measured = (ROOT / "docs" / "benchmarks.md").read_text()
    figures = re.findall(
        r"\d[\d,]*\.\d+|\d{1,3}(?:,\d{3})+|\d{3,}", "".join(re.findall(r"^\|.*", table, re.M))
    )
    assert len(figures) >= 10
    assert [
        figure for figure in figures if not re.search(rf"(?<![\d.,]){re.escape(figure)}(?![\d])", measured)
    ] == []


def test_the_map_names_files_that_are_there() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    rows = [row.split("|")[1:4] for row in re.findall(r"^\| `.*", text, re.MULTILINE)]
    for rooms, _, files in rows:
        folders = [ROOT / room for room in re.findall(r"`(.*?)`", rooms)]
        for file in re.findall(r"`(.*?)`", files):
            assert any((folder / file).is_file() for folder in folders), file
    assert len(rows) >= 15


def test_the_picture_shows_the_packages_of_today() -> None:
    texts = set(re.findall(r"<text[^>]*>(.*?)</text>", PICTURE.read_text()))
    titles = {"cache/", "extract/", "heads/", "train/", "headstart/"}
    assert texts == titles | {name.partition("/")[2] or name for name in places()}


COMMENTS = [("you are a complete idiot", "spam"), ("thank you for the kind words", "ham")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the README's commands name, and links to the commands."""
    folder = tmp_path_factory.mktemp("newcomer")
    for name in ("cache", "extract", "heads", "train", "headstart", "bench.py", "predict.py"):
        (folder / name).symlink_to(ROOT / name)
    rows = [f"{text} {number};{label}" for number in range(100) for text, label in COMMENTS]
    (folder / "comments.csv").write_text("\n".join(["text;label", *rows]))
    (folder / "new.csv").write_text("id;text\n" + "\n".join(f"{n};thank you {n}" for n in range(9)))
    return folder


@pytest.mark.slow
def test_the_readmes_commands_run(folder: Path) -> None:
    ours = [line for line in commands(README) if line.startswith("python ")]
    assert len(ours) >= 8
    for line in ours:
        run = next(iter(sorted((folder / "results").glob("*"))), Path("none")).name
        words = shlex.split(line.replace("results/CACHE", f"results/{run}").replace(" FOLDER", " exported"))
        done = subprocess.run(
            [sys.executable, *words[1:]], cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    assert len((folder / "labels.csv").read_text().splitlines()) == 10
    assert (folder / "exported" / "load.py").is_file()
    assert (folder / "why.html").is_file()


def test_headings_go_down_step_by_step() -> None:
    for path in DOCUMENTS:
        depths = [
            len(marks)
            for marks in re.findall(r"^(#+) ", re.sub(r"```.*?```", "", path.read_text(), flags=re.S), re.M)
        ]
        assert depths[0] == 1
        assert all(later <= earlier + 1 for earlier, later in pairwise(depths)), path
