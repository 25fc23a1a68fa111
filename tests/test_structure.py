"""Sizes of folders, files and functions, depth of imports, names, and tests that mirror the product."""

import ast
import statistics
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.structure import (
    ROOMS,
    ROOT,
    TEMPLATES,
    functions,
    line_count,
    longest_chain,
    parameter_count,
    percentile,
    product_files,
)

BANNED_FILES = {"utils", "util", "common", "misc", "helpers"}
BANNED_NAMES = {"own", "found", "wanted", "given", "told", "made"}
TESTS = ROOT / "tests"
OF_THE_WHOLE = {"test_imports.py", "test_structure.py", "test_help.py", "test_phases.py"}
"""Tests of no module in particular."""


def with_code() -> list[Path]:
    """Files of the product but those that only say what a package is for."""
    return [path for path in product_files() if path.name != "__init__.py"]


def test_no_folder_is_crowded() -> None:
    folders = Counter(path.parent for path in product_files())
    assert max(folders.values()) <= 14, folders.most_common(3)


def test_files_are_of_a_size_one_can_read() -> None:
    lines = {path: path.read_text().count("\n") for path in with_code()}
    assert max(lines.values()) <= 300, max(lines, key=lambda path: lines[path])
    assert 100 <= statistics.median(lines.values()) <= 200


def test_functions_are_short() -> None:
    sizes = [line_count(function) for path in product_files() for function in functions(path)]
    assert statistics.median(sizes) <= 7
    assert percentile(sizes, 0.95) <= 25


def is_settings(path: Path, line: int) -> bool:
    """Whether a line stands in a class of settings, which may have many fields."""
    classes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)]
    return any(
        node.name.endswith("Settings") and node.lineno <= line <= (node.end_lineno or line)
        for node in classes
    )


def test_functions_take_six_parameters_at_most() -> None:
    crowded = [
        f"{path}:{function.lineno} {function.name}"
        for path in product_files()
        for function in functions(path)
        if parameter_count(function) > 6 and not is_settings(path, function.lineno)
    ]
    assert not crowded


@pytest.mark.parametrize(("room", "imports"), [("extract", 9), ("train", 8)])
def test_chains_of_imports_are_short(room: str, imports: int) -> None:
    chain = longest_chain(ROOT / room)
    assert len(chain) - 1 <= imports, [str(path.relative_to(ROOT)) for path in chain]


def bound_names(path: Path) -> Iterator[tuple[str, int]]:
    """Every name that a file gives to something, and its line."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno


def test_names_say_the_thing() -> None:
    assert not {path.stem for path in product_files()} & BANNED_FILES
    vague = [
        f"{path}:{line} {name}"
        for path in product_files()
        for name, line in bound_names(path)
        if name in BANNED_NAMES
    ]
    assert not vague, f"{len(vague)} names such as {vague[:5]}"


def test_the_ban_sees_every_way_to_name_something(tmp_path: Path) -> None:
    file = tmp_path / "names.py"
    file.write_text(
        "def found(own, *, told=1):\n    for made in own:\n        given: int = 1\n        wanted = made\n"
    )
    assert {name for name, _ in bound_names(file)} == BANNED_NAMES


def test_a_class_name_means_one_class() -> None:
    places: dict[str, list[Path]] = {}
    for path in with_code():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(path)
    assert not {name: paths for name, paths in places.items() if len(paths) > 1}


SAID_OTHERWISE = {
    "cache/runtime/text.py": 1,  # `say` itself
    "cache/runtime/progress.py": 1,  # the bar, which moves the cursor; its words are printable
    "cache/runtime/signals.py": 1,  # a line of our own words, written where Python's streams may not be used
    "cache/runtime/output.py": 1,  # JSON for programs, in ASCII
    "headstart/predict.py": 1,  # tokens in colours, each of them printable
}
"""Files that write to a terminal without `say`, how often, and why."""


def direct_writes(path: Path) -> Iterator[int]:
    """Lines that write to standard output or error by themselves."""
    for node in ast.walk(ast.parse(path.read_text())):
        called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        first = ast.unparse(node.args[0]) if isinstance(node, ast.Call) and node.args else ""
        writes = called.startswith(("sys.stdout.", "sys.stderr.", "sys.__std")) and "write" in called
        if called in ("print", "input") or writes or (called == "os.write" and first in ("1", "2")):
            yield node.lineno


def test_every_line_for_people_goes_through_one_function() -> None:
    """Names may come from anyone: `cache.runtime.text.say` escapes what would move the cursor."""
    files = [path for path in product_files() if TEMPLATES not in path.parents]
    counts = {str(path.relative_to(ROOT)): len(list(direct_writes(path))) for path in files}
    assert {path: count for path, count in counts.items() if count} == SAID_OTHERWISE


def test_the_check_sees_every_way_to_write(tmp_path: Path) -> None:
    file = tmp_path / "writes.py"
    file.write_text(
        "print(1)\nsys.stderr.write(a)\nsys.stdout.buffer.write(a)\nos.write(2, a)\nfile.write(a)\n"
    )
    assert list(direct_writes(file)) == [1, 2, 3, 4]


def mirror_of(path: Path) -> Path:
    """The test file of a module, without its ending: `train/feeds/table.py` -> `tests/train/feeds/test_table`."""
    relative = path.relative_to(ROOT)
    folder = Path(*(part for part in relative.parts[:-1] if part != "headstart"))
    return TESTS / folder / f"test_{path.stem.strip('_')}"


def test_every_module_has_its_test_file() -> None:
    modules = [path for path in with_code() if TEMPLATES not in path.parents and path.parent != ROOT]
    bare = [
        str(path.relative_to(ROOT))
        for path in modules
        if not mirror_of(path).with_suffix(".py").exists()
        and not list(mirror_of(path).parent.glob(f"{mirror_of(path).name}_*.py"))
    ]
    assert not bare, f"{len(bare)} without a mirror: {bare}"


def test_every_test_file_has_its_module() -> None:
    mirrors = {str(mirror_of(path)) for path in with_code()}
    folders = (TESTS, *(TESTS / room for room in ROOMS))
    files = [
        path for folder in folders for path in folder.glob("test_*.py" if folder == TESTS else "**/test_*.py")
    ]
    assert not [
        str(path.relative_to(ROOT))
        for path in files
        if path.name not in OF_THE_WHOLE and not any(is_aspect(path, mirror) for mirror in mirrors)
    ]


def is_aspect(test: Path, mirror: str) -> bool:
    """Whether a test file is a module's, or about one side of it: `test_run.py`, `test_run_padded.py`."""
    name = str(test.with_suffix(""))
    return name == mirror or name.startswith(f"{mirror}_")
