"""Who may know whom: the table of the design, read off the imports."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = {"cache", "extract", "heads", "train", "bench", "predict"}
CARRIED = ROOT / "train" / "export" / "templates"  # goes into exported folders, which run without us
MAY_IMPORT = {
    "cache": set(),
    "heads": set(),
    "extract": {"cache"},
    "train": {"cache"},
    "bench": {"cache", "heads", "train"},
    "predict": {"extract", "heads", "train", "cache"},
}


def sources(room: str) -> list[Path]:
    single = ROOT / "headstart" / f"{room}.py"
    return [single] if single.exists() else sorted((ROOT / room).glob("**/*.py"))


def top(module: str) -> str:
    """`headstart.cache.reader` -> `cache`, else the top-level name."""
    return module.removeprefix("headstart.").split(".")[0]


def imported(path: Path) -> set[str]:
    """Top-level names of all modules that a file imports, wherever in the file."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {top(alias.name) for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports name their room"
            names.add(top(node.module or ""))
    return names


@pytest.mark.parametrize("room", [room for room in MAY_IMPORT if sources(room)])
def test_rooms_import_only_what_they_may_know(room: str) -> None:
    for path in sources(room):
        assert imported(path) & ROOMS <= MAY_IMPORT[room] | {room}, path


def test_the_cache_knows_no_jax() -> None:
    for path in sources("cache"):
        assert not imported(path) & {"jax", "flax", "optax"}, path


def test_one_file_touches_transformers_and_pmap() -> None:
    for room in MAY_IMPORT:
        for path in sources(room):
            if path != ROOT / "extract" / "backbone" / "distilbert.py" and CARRIED not in path.parents:
                text = path.read_text()
                assert "transformers" not in imported(path), path
                assert "jax.pmap" not in text, path


def test_nothing_is_called_utils() -> None:
    names = {path.stem for room in MAY_IMPORT for path in sources(room)}
    assert not names & {"utils", "util", "common", "misc", "helpers"}


def test_the_walk_would_see_a_wrong_import(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text("def f():\n    from headstart.heads.registry import HEADS\n    return HEADS\n")
    assert imported(wrong) == {"heads"}
