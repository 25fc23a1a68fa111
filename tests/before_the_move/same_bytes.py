"""Run every command with two checkouts, and compare what they write and say, byte for byte.

    python tests/before_the_move/same_bytes.py OLD_CHECKOUT NEW_CHECKOUT

Each checkout works in a folder of its own, in a copy of `before.tar.gz` and a few more data. Left out are only times,
and what depends on them: see `TIMES` and `MASKS`. Prints one line per comparison; exits with 1 if any differs. Takes
about 15 minutes on two cores; `--only` runs some of the parts, of which each needs the files of those before it.
"""

import argparse
import contextlib
import csv
import difflib
import glob
import gzip
import hashlib
import io
import json
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
SHOWN = 12
"""Lines of a difference that are shown."""
PARTS = ("help", "cache", "extract", "bench", "predict", "export", "interrupted")
POOLING = ("cls", "max", "avg", "maxavg")
READING = ("gru", "gru_pooled", "bigru_pooled", "lstm", "lstm_pooled", "bilstm_pooled")
TINY = "--backbone tiny --max-length 32"
EXACT = "--compute-dtype float32 --dtype float32"
SMALL = "--seeds 2 --batch-size 16 --precision float32 --memory-limit 1GB"
TEXTS = shlex.join(["the bus is late", "", "a LOVELY garden, very quiet!", "unknownword"])
LINES = "the bus is late\n\na LOVELY garden, very quiet!\n"


class Step(NamedTuple):
    """A command of the comparison.

    Attributes:
        part: that `--only` names.
        command: without the Python before it; a word that ends in .py is a file of the checkout, and `*` stands for
            any name.
        stdin: what it reads.
        until: it is interrupted as soon as this, of its folder and what it has said, is true; what it says then
            depends on the moment, and is not compared.
        silent: what it says depends on an interruption before, and is not compared.
    """

    part: str
    command: str
    stdin: str = ""
    until: Callable[[Path, str], bool] | None = None
    silent: bool = False


NOT_RUN = ("can't open file", "No module named", "Traceback (most recent call last)")
"""What a command says that was not run, or that failed: no comparison of two such ones means anything."""


class Said(NamedTuple):
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


class Side:
    """A checkout and the folder in which its commands run.

    Args:
        checkout: of the project.
        folder: for its files; filled here, unless it is there already.
        programs: folder of compiled programs, the same for both sides: equal programs are compiled once.
    """

    def __init__(self, checkout: Path, folder: Path, programs: Path) -> None:
        self.checkout, self.folder = checkout, folder
        if not folder.exists():
            with tarfile.open(HERE / "before.tar.gz") as archive:
                archive.extractall(folder, filter="data")
            write_more_data(folder)
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("JAX_")},
            "PYTHONPATH": str(checkout),
            "PYTHONDONTWRITEBYTECODE": "1",
            "JAX_PLATFORMS": "cpu",
            "JAX_COMPILATION_CACHE_DIR": str(programs),
        }

    def run(self, step: Step) -> Said:
        """Run a command."""
        line = shlex.split(step.command)
        line = [place for word in line for place in self._places(word)]
        if line[0] != "-I":  # which is an exported folder's: it works without any checkout
            line = [str(self.checkout / word) if word.endswith(".py") else word for word in line]
        with subprocess.Popen(
            [sys.executable, *line],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            if step.until:
                return self._interrupted(process, step.until)
            stdout, stderr = process.communicate(step.stdin)
            return Said(process.returncode, self._neutral(stdout), self._neutral(stderr))

    def _interrupted(self, process: "subprocess.Popen[str]", until: Callable[[Path, str], bool]) -> Said:
        """Interrupt a command in the middle of its work; only its last line does not depend on the moment."""
        heard: list[str] = []
        listener = threading.Thread(target=lambda: heard.extend(process.stderr or ()))
        listener.start()
        while process.poll() is None and not until(self.folder, "".join(heard)):
            time.sleep(0.002)
        process.send_signal(signal.SIGINT)
        process.wait()
        listener.join()
        return Said(process.returncode, "", heard[-1])

    def _places(self, word: str) -> list[str]:
        """What a pattern means: names of caches are not known beforehand."""
        return sorted(glob.glob(word, root_dir=self.folder)) if "*" in word else [word]

    def _neutral(self, text: str) -> str:
        return text.replace(str(self.checkout), "CHECKOUT").replace(str(self.folder), "FOLDER")


Sides = tuple[Side, Side]
"""The old one and the new one."""


class Comparison:
    """Prints a line for each comparison, and counts.

    Attributes:
        total: comparisons so far.
        different: those that differ.
    """

    def __init__(self) -> None:
        self.total = self.different = 0

    def tell(self, what: str, differences: list[str]) -> None:
        """Print a line, and what differs below it."""
        self.total += 1
        self.different += bool(differences)
        print(f"{'DIFFERS' if differences else 'same   '}  {what}", flush=True)
        for line in differences[:SHOWN]:
            print(f"         {line}")
        if len(differences) > SHOWN:
            print(f"         and {len(differences) - SHOWN} more lines")


def text_differences(old: str, new: str) -> list[str]:
    """Lines in which two texts differ."""
    if old == new:
        return []
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), "old", "new", lineterm="", n=0)
    return [line[:300] for line in lines] or ["only ends of lines differ"]


TIMES = (
    (r"(?m)^(cleaning|backbone) +\[#* *\] +\d?\d%.*\n", ""),  # a bar in between: one each ten seconds
    (r"[\d,.]+ (rows|tokens)/s", r"# \1/s"),
    (r"\d+:\d\d left", "#:## left"),
    (r"\b\d[\d,]*(\.\d+)? s\b", "# s"),
    (r"(?m)( +)\d[\d,]*\.\d$", " #"),  # the last column of the table of heads
    (r"(held at most [\d.]+ \w+ of) [\d.]+ \w+", r"\1 #"),  # where no limit is given, half of what is free
    (r"(?m)^(  (clean|tokenize|compile|backbone|write|total) +)[\d.]+$", r"\1#"),  # `python -m cache show`
)
"""Patterns of what depends on the time of day, and what takes their place."""


def masked(text: str) -> str:
    """A command's output without times."""
    with contextlib.suppress(ValueError):
        return masked_json(text)  # `--json`
    for pattern, instead in TIMES:
        text = re.sub(pattern, instead, text)
    return text


def masked_json(text: str) -> str:
    """JSON without times and without the memory that a process has used."""

    def without(value: Any, name: str = "") -> Any:
        if name in ("seconds", "train_seconds", "inference", "checksum", "peak"):
            return "#"
        if isinstance(value, dict):
            return {key: without(item, key) for key, item in value.items()}
        if isinstance(value, list):
            return [without(item) for item in value]
        return masked(value) if name == "table" else value

    return json.dumps(without(json.loads(text)), indent=1)


def masked_csv(text: str) -> str:
    """`results.csv` without its column of times."""
    rows = [{**row, "train_seconds": "#"} for row in csv.DictReader(io.StringIO(text))]
    return "\n".join(",".join(row.values()) for row in [dict.fromkeys(rows[0], ""), *rows])


def masked_page(text: str) -> str:
    """The report, a tag a line, without the figures of times and the last two columns of its first table."""
    text = re.sub(r'(?s)<section id="costs".*?</section>', "", text)
    cells = r'(<td class="number"[^>]*>[^<]*</td>){2}(?=</tr>)'
    text = re.sub(r'(?s)<section id="scores".*?</section>', lambda place: re.sub(cells, "#", place[0]), text)
    return masked(text.replace("<", "\n<"))


def program(path: Path) -> str:
    """What an exported program computes, without names of functions; its file also names the lines they came from."""
    from jax import export

    text = str(export.deserialize(bytearray(path.read_bytes())).mlir_module())
    text = re.sub(r"(?m)^#loc.*\n| loc\(([^()]|\([^()]*\))*\)", "", text)
    numbers = {name: f"@{at}" for at, name in enumerate(dict.fromkeys(re.findall(r"@[\w.]+", text)))}
    return re.sub(r"@[\w.]+", lambda name: numbers[name[0]], text)


MASKS: dict[str, Callable[[str], str]] = {
    "manifest.json": masked_json,
    "results.json": masked_json,
    "facts.json": masked_json,
    "results.csv": masked_csv,
    "report.html": masked_page,
}
"""Files that hold times."""


def is_checkpoint(folder: Path) -> bool:
    """Whether Orbax wrote this folder; names of its files are drawn, and it notes the time."""
    return (folder / "_METADATA").exists()


def things(folder: Path) -> Iterator[Path]:
    """Files, and folders of Orbax, below a folder."""
    for path in sorted(folder.iterdir()):
        if path.is_file() or is_checkpoint(path):
            yield path
        else:
            yield from things(path)


def content(path: Path) -> str:
    """A file's text without times, or its SHA-256; of a folder of Orbax, that of each array."""
    if path.is_dir():
        return arrays(path)
    if path.name == "model.stablehlo":
        return program(path)
    if mask := MASKS.get(path.name):
        return mask(path.read_text(encoding="utf-8"))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def arrays(folder: Path) -> str:
    """Name, type, shape and SHA-256 of each array that Orbax has stored."""
    import jax
    import numpy as np
    import orbax.checkpoint as ocp

    with ocp.PyTreeCheckpointer() as reader:
        shapes = reader.metadata(folder).item_metadata.tree
        kinds = jax.tree.map(lambda _: ocp.RestoreArgs(restore_type=np.ndarray), shapes)
        tree = reader.restore(folder, restore_args=kinds)
    lines = []
    for place, leaf in jax.tree_util.tree_leaves_with_path(tree):
        values = np.asarray(leaf)
        digest = hashlib.sha256(values.tobytes()).hexdigest()
        lines.append(f"{jax.tree_util.keystr(place)} {values.dtype}{list(values.shape)} {digest}")
    return "\n".join(lines)


def compare_folders(old: Path, new: Path, comparison: Comparison) -> None:
    """Compare all that lies in two folders: a line for each folder of a cache, a run or the like."""
    names = {
        name: {str(path.relative_to(folder)): path for path in things(folder)}
        for name, folder in (("old", old), ("new", new))
    }
    groups: dict[str, list[str]] = {}
    for name in sorted({*names["old"], *names["new"]}):
        parts = name.split("/")
        groups.setdefault("/".join(parts[: min(2, len(parts) - 1)]) or name, []).append(name)
    for group, members in groups.items():
        differences = []
        for name in members:
            if name not in names["old"] or name not in names["new"]:
                differences.append(f"{name}: only {'new' if name in names['new'] else 'old'}")
            elif lines := text_differences(content(names["old"][name]), content(names["new"][name])):
                differences += [f"{name}: {line}" for line in lines]
        comparison.tell(f"{group}: {len(members)} files" if members != [group] else group, differences)


def steps(name: str, commands: dict[str, str]) -> list[Step]:
    """All commands, in the order in which they need each other's files.

    Args:
        name: of the cache in the archive, and of its run.
        commands: those that made the archive.
    """
    lines = {
        "help": help_lines(),
        "cache": cache_lines(name, commands["extract"]),
        "extract": extract_lines(commands["extract"]),
        "bench": bench_lines(name, commands),
        "predict": predict_lines(f"results/{name}"),
        "export": export_lines(f"results/{name}"),
    }
    return [
        *(Step(part, line) for part, some in lines.items() for line in some),
        *piped_steps(f"results/{name}"),
        *interrupted_steps(),
    ]


def help_lines() -> list[str]:
    """What each command says about itself, and mistakes in command lines."""
    helped = (
        *("-m extract", "-m extract prepare", "-m extract prepare jigsaw", "-m cache", "-m cache list"),
        *("-m cache show", "-m cache verify", "-m cache repair", "-m cache remove"),
        *("bench.py", "bench.py compare", "predict.py", "predict.py export"),
    )
    return [
        *(f"{line} --help" for line in helped),
        *("bench.py --folds 1", "bench.py --heads grru", "bench.py --cache nowhere", "bench.py --frobnicate"),
        *("bench.py compare nowhere results", "-m extract --seed -1", "-m extract --max-length 0"),
        *("predict.py --run nowhere text", "predict.py --run results", "predict.py export nowhere new"),
        *("-m cache verify nowhere", "-m cache frobnicate", "-m cache list --cache-dir nowhere"),
    ]


def cache_lines(name: str, extract: str) -> list[str]:
    """`python -m cache`; a chunk of the cache in `damaged` has a wrong bit."""
    flags = extract.removeprefix("-m extract ")
    lines = (
        *(
            "list",
            "list --cache-dir interrupted",
            "list --cache-dir empty",
            "show",
            "verify",
            "verify --fast",
        ),
        *(f"show interrupted/{name}", f"verify damaged/{name}", f"repair damaged/{name}"),
        f"repair damaged/{name} -- {flags}",
        f"repair damaged/{name} -- {flags} --cache-dir damaged",
        *(f"verify damaged/{name}", f"remove removed/{name}", f"remove removed/{name} --yes"),
    )
    return [f"-m cache {line}" for line in lines]


def extract_lines(extract: str) -> list[str]:
    """`python -m extract` in its kinds."""
    comments = f"-m extract --data comments.csv {TINY}"
    stable = f"{TINY} {EXACT} --split-rule stable --class-names good,bad,odd --clean none --block-rows 16"
    return [
        extract,
        f"{extract} --where",
        f"{extract} --preview 4",
        f"{extract} --cache-dir elsewhere",
        f"{extract} --cache-dir interrupted",
        f"{comments} --cache-dir mixed --compute-dtype mixed --stratify --block-rows 20",
        f"{comments} --cache-dir half --compute-dtype bfloat16 --limit 60 --split train",
        f"{comments} --cache-dir padded --layout padded --dropout-views 2 --dtype bfloat16 --compute-dtype float32",
        f"-m extract --data classes.tsv.gz {TINY} {EXACT} --cache-dir stock --forward stock --seed 7",
        f"-m extract --data many.jsonl {TINY} {EXACT} --cache-dir multilabel --views pooled",
        f"-m extract --data classes.tsv.gz {stable} --cache-dir grown",
        f"-m extract --data classes.tsv.gz more.tsv {stable} --cache-dir grown",
        "-m cache show --cache-dir grown",
        "-m cache show grown/*more*",
        f"-m extract --data bad.csv {TINY} {EXACT} --cache-dir bad",
        f"-m extract --data bad.csv {TINY} {EXACT} --cache-dir bad --on-bad-row report --clean clean.toml",
        f"-m extract --data split.csv {TINY} {EXACT} --cache-dir split --split-column part",
        f"{comments} --cache-dir wrong --text-column nothing",
        f"{comments} --cache-dir wrong --max-length 100",
        f"{comments} --cache-dir wrong --views pooled --layout padded",
        f"-m extract --data nothing.csv {TINY}",
        "-m extract --data comments.csv --backbone empty",
        "-m extract prepare jigsaw kaggle.csv -o balanced.csv",
    ]


def bench_lines(name: str, commands: dict[str, str]) -> list[str]:
    """`bench.py` in its kinds."""
    few, folds = f"--epochs 3 {SMALL}", commands["folds"]
    features = f"bench.py --cache features/{name}"
    return [
        f"{commands['bench']} --out again",
        f"{folds} --out folds-again",
        f"{folds} --out stopped --resume",
        f"{folds} --out stopped --resume --seeds 1",
        f"bench.py --cache-dir padded --notebook --heads cls,avg,lstm {few} --out again-padded",
        f"bench.py --cache-dir multilabel --heads all {few} --out again-multilabel",
        f"bench.py --cache-dir multilabel --heads gru {few} --out again-multilabel",
        f"bench.py --cache-dir split --heads maxavg,bilstm_pooled {few} --out again-split",
        f"bench.py --cache-dir stock --heads lstm_pooled {few} --out again-stock",
        f"bench.py --cache-dir grown --heads avg {few}",
        f"bench.py --cache-dir half --heads avg {few}",
        "bench.py --cache-dir mixed --heads avg,gru_pooled --epochs 3 --memory-limit 1GB --precision bfloat16 "
        "--deduplicate --class-weight balanced --batching exact --out again-mixed",
        f"{features} --heads avg,gru {few} --memory-limit 30kB --no-floors --out streamed",
        f"{features} --heads cls {few} --quick --json --out quick",
        f"{features} --heads cls --memory-limit 1kB --out quick",
        f"bench.py compare results/{name} again/{name}",
        f"bench.py compare results/{name} streamed/{name} --json",
    ]


def predict_lines(run: str) -> list[str]:
    """`predict.py` in its kinds, on a run of the code before the move."""
    keep = "--input new.csv --keep id"
    lines = (
        *(f"--head {head} {TEXTS}" for head in (*POOLING, *READING)),
        f"{keep} --output labels.csv",
        f"{keep} --head gru --output labels.jsonl",
        f"{keep} --head bilstm_pooled --output labels.parquet",
        f"{keep} --head avg --threshold 0.6 --output labels.tsv",
        f"--head maxavg --explain {TEXTS}",
        f"--head max --explain --html why.html {TEXTS}",
        f"--head gru --explain {TEXTS}",
        f"--head grru {TEXTS}",
        f"--backbone empty {TEXTS}",
        "--input new.csv --output labels.xlsx",
    )
    others = (
        f"again-multilabel/* {TEXTS}",
        f"again-multilabel/* --threshold 0.4 {TEXTS}",
        f"again-stock/* {TEXTS}",
        f"again-stock/* --threshold 0.4 {TEXTS}",
        f"again-mixed/* --head gru_pooled {TEXTS}",
        f"again-padded/* --head lstm {TEXTS}",
        f"again-padded/* --head avg --explain {TEXTS}",
        f"folds/* {TEXTS}",
    )
    return [f"predict.py --run {line}" for line in (*(f"{run} {line}" for line in lines), *others)]


def piped_steps(run: str) -> list[Step]:
    """`predict.py` with standard input, as lines and as a table."""
    command = f"predict.py --run {run} --head cls --input - --format jsonl"
    return [
        Step("predict", f"{command} --lines", LINES),
        Step("predict", command, "id,comment_text\n1,the late bus\n"),
    ]


def export_lines(run: str) -> list[str]:
    """`predict.py export`, and the exported folders on their own."""
    return [
        f"predict.py export {run} export",
        f"predict.py export {run} export",
        f"predict.py export {run} export-avg --head avg",
        "predict.py export again-mixed/* export-mixed --head gru_pooled --arithmetic recipe",
        f"-I -B export/load.py {TEXTS}",
        f"-I -B export-mixed/load.py {TEXTS}",
    ]


def interrupted_steps() -> list[Step]:
    """Ctrl-C in the middle, and the same command again: it ends in the same files."""
    extract = f"-m extract --data comments.csv {TINY} {EXACT} --block-rows 1 --cache-dir stopped-extract"
    bench = f"bench.py --heads cls,maxavg --epochs 400 {SMALL} --no-floors --cache-dir features --out stopped-bench"

    def some_blocks(folder: Path, _: str) -> bool:
        return len(list(folder.glob("stopped-extract/*/*/*/block.json"))) >= 3

    def some_epochs(_: Path, heard: str) -> bool:
        return "epoch 12 " in heard

    return [
        Step("interrupted", extract, until=some_blocks),
        Step("interrupted", extract, silent=True),
        Step("interrupted", bench, until=some_epochs),
        Step("interrupted", f"{bench} --resume", silent=True),
    ]


def write_more_data(folder: Path) -> None:
    """Write what the archive does not hold: other kinds of data, and caches to damage and to remove."""
    draw = random.Random(3)
    words = [
        "the",
        "soup",
        "bus",
        "garden",
        "is",
        "was",
        "very",
        "kind",
        "rude",
        "late",
        "quiet",
        "today",
        "of",
    ]
    texts = [" ".join(draw.choices(words, k=draw.randrange(2, 14))) for _ in range(90)]
    classes = [f"{text}\t{at % 3}" for at, text in enumerate(texts)]
    with gzip.open(folder / "classes.tsv.gz", "wt") as file:
        file.write(as_text("text\tkind", classes[:70]))
    (folder / "more.tsv").write_text(as_text("text\tkind", classes[70:]))
    tags = [[tag for tag in ("cold", "warm", "wet") if draw.random() < 0.4] for _ in texts]
    many = [json.dumps({"text": text, "tags": some}) for text, some in zip(texts, tags, strict=True)]
    (folder / "many.jsonl").write_text(as_text(many[0], many[1:]))
    binary = [f"{text},{at % 2}" for at, text in enumerate(texts)]
    bad = ["only text", *binary, "too,many,cells", "no label,", "odd label,7"]
    (folder / "bad.csv").write_text(as_text("text,label", bad))
    parts = ["train", "valid", "test", "train", "train"]
    split = [f"{row},{parts[at // 2 % 5]}" for at, row in enumerate(binary)]
    (folder / "split.csv").write_text(as_text("text,label,part", split))
    (folder / "clean.toml").write_text("no_urls = true\nlower = true\n")
    kaggle = [f"{at},{text},{int(at % 6 == 0)},0,0,0,{int(at % 9 == 0)},0" for at, text in enumerate(texts)]
    header = "id,comment_text,toxic,severe_toxic,obscene,threat,insult,identity_hate"
    (folder / "kaggle.csv").write_text(as_text(header, kaggle))
    (folder / "empty").mkdir()
    for copy in ("damaged", "removed"):
        shutil.copytree(folder / "features", folder / copy)
    (chunk,) = (folder / "damaged").glob("*/train/00002/hidden/c/0/0")
    content = bytearray(chunk.read_bytes())
    content[100] ^= 1
    chunk.write_bytes(bytes(content))


def as_text(header: str, rows: list[str]) -> str:
    """Lines of a file."""
    return "\n".join([header, *rows]) + "\n"


def line_says_failed(line: str) -> bool:
    """Whether a line is of a command that did not run, or that failed in a way that is no user's mistake."""
    return any(sign in line for sign in NOT_RUN)


def run_both(step: Step, sides: Sides, comparison: Comparison) -> None:
    """Run a command with both checkouts, and compare how it ends and what it says."""
    old, new = (side.run(step) for side in sides)
    if step.silent:
        old, new = (Said(said.code, "", "") for said in (old, new))
    texts = [f"exit code {said.code}\n{masked(said.stdout)}\n{masked(said.stderr)}" for said in (old, new)]
    failed = [line for said in (old, new) for line in said.stderr.splitlines() if line_says_failed(line)]
    comparison.tell(f"{step.command} (exit code {old.code})", failed or text_differences(*texts))


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0], allow_abbrev=False)
    parser.add_argument("old", type=Path, metavar="OLD_CHECKOUT", help="the project as it was")
    parser.add_argument("new", type=Path, metavar="NEW_CHECKOUT", help="the project as it is")
    parser.add_argument(
        "--only", default=",".join(PARTS), help="parts to run, separated by commas (default: %(default)s)"
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="leave all files there, so that the next --only can go on with them (default: none stay)",
    )
    arguments = parser.parse_args()
    parts = arguments.only.split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    for checkout in (arguments.old, arguments.new):
        if not (checkout / "bench.py").is_file():
            parser.error(f"{checkout} is no checkout: there is no bench.py")
    with tempfile.TemporaryDirectory() as temporary:
        place = (arguments.keep or Path(temporary)).resolve()
        place.mkdir(parents=True, exist_ok=True)
        old = Side(arguments.old.resolve(), place / "old", place / "programs")
        new = Side(arguments.new.resolve(), place / "new", place / "programs")
        comparison = compare((old, new), parts)
    print(f"\n{comparison.total} comparisons, {comparison.different} differ")
    return 1 if comparison.different else 0


def compare(sides: Sides, parts: list[str]) -> Comparison:
    """Run the parts with both checkouts, and compare all that is said and written."""
    comparison = Comparison()
    facts = json.loads((sides[0].folder / "facts.json").read_text())
    for step in steps(facts["name"], facts["commands"]):
        if step.part in parts:
            run_both(step, sides, comparison)
    compare_folders(sides[0].folder, sides[1].folder, comparison)
    return comparison


if __name__ == "__main__":
    sys.exit(main())
