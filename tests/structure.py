"""What the imports say of the structure: packages, cycles, depth, and the sizes of files, functions and folders.

`python tests/structure.py` prints the figures; `tests/test_imports.py` and `tests/test_structure.py` hold the limits.
"""

import ast
import statistics
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = ("cache", "extract", "heads", "train")
FRONT = ("headstart", "headstart/estimators")
"""Folders of the package that are no links to the rooms."""
TEMPLATES = ROOT / "train" / "export" / "templates"
"""Scripts that go into exported folders and run without us."""


@cache
def product_files() -> tuple[Path, ...]:
    """Every Python file of the product, by its real path."""
    rooms = [path for room in ROOMS for path in sorted((ROOT / room).glob("**/*.py"))]
    front = [path for folder in FRONT for path in sorted((ROOT / folder).glob("*.py"))]
    return (*rooms, *front, ROOT / "bench.py", ROOT / "predict.py")


def module_name(path: Path) -> str:
    """Dotted name by which the product imports a file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return ".".join(parts if parts[0] == "headstart" else ("headstart", *parts))


def imported(path: Path) -> list[tuple[str, ...]]:
    """All imports of a file, wherever in it: the dotted names that each may mean, the longest first.

    `from a import b` is the module a.b, or else the module a.
    """
    names: list[tuple[str, ...]] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [(alias.name,) for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports name their package"
            names += [(f"{node.module}.{alias.name}", str(node.module)) for alias in node.names]
    return names


def resolve(path: Path) -> frozenset[Path]:
    """The product's files that a file imports."""
    files = {module_name(file): file for file in product_files() if file.parent != ROOT}
    meant = (next((files[name] for name in names if name in files), None) for names in imported(path))
    return frozenset(file for file in meant if file)


@cache
def import_graph() -> dict[Path, frozenset[Path]]:
    """The product's files, and which of its files each imports."""
    return {path: resolve(path) for path in product_files()}


def package(path: Path) -> str:
    """Folder of a file; at the top of `extract/`, `train/` and `headstart/`, and for a command, the file itself."""
    relative = path.relative_to(ROOT)
    if len(relative.parts) > 2 or (relative.parts[0] in ("cache", "heads") and path.name != "__main__.py"):
        return str(relative.parent)
    return str(relative.with_suffix(""))


def longest_chain(inside: Path) -> list[Path]:
    """Longest chain of imports among the files of a folder.

    Raises:
        AssertionError: the imports have a cycle.
    """
    graph = import_graph()
    chains: dict[Path, list[Path]] = {}

    def chain(path: Path, above: tuple[Path, ...]) -> list[Path]:
        assert path not in above, f"a cycle of imports: {[str(file) for file in (*above, path)]}"
        if path not in chains:
            below = (chain(other, (*above, path)) for other in graph[path] if inside in other.parents)
            chains[path] = [path, *max(below, key=len, default=[])]
        return chains[path]

    return max((chain(path, ()) for path in graph if inside in path.parents), key=len)


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions of a file, methods and inner ones too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def line_count(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the last statement."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def parameter_count(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Parameters that a caller can pass, without `self` and `cls`."""
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return sum(argument.arg not in ("self", "cls") for argument in arguments)


def percentile(values: list[int], share: float) -> int:
    """Smallest value that so large a share of the values does not exceed."""
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


def main() -> None:
    """Print the figures."""
    files = product_files()
    lines = [path.read_text().count("\n") for path in files]
    sizes = [line_count(node) for path in files for node in functions(path)]
    folders = {path.parent for path in files}
    crowded = max(folders, key=lambda folder: len(list(folder.glob("*.py"))))
    print(f"product: {len(files)} files, {sum(lines):,} lines")
    print(f"files: median {statistics.median(lines):g} lines, longest {max(lines)}")
    substantial = [count for path, count in zip(files, lines, strict=True) if path.name != "__init__.py"]
    print(f"files but __init__: median {statistics.median(substantial):g}")
    print(f"functions: median {statistics.median(sizes):g}, 95th percentile {percentile(sizes, 0.95)} lines")
    print(f"fullest folder: {crowded.relative_to(ROOT)}, {len(list(crowded.glob('*.py')))} files")
    for room in ROOMS:
        chain = longest_chain(ROOT / room)
        print(f"{room}/: depth {len(chain)}: {' -> '.join(str(path.relative_to(ROOT)) for path in chain)}")
    for path in files:
        for node in functions(path):
            if parameter_count(node) > 6:
                print(
                    f"{parameter_count(node)} parameters: {path.relative_to(ROOT)}:{node.lineno} {node.name}"
                )


if __name__ == "__main__":
    main()
