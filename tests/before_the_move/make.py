"""Make `before.tar.gz`: what the code wrote before its modules were moved, to compare later code with.

    git worktree add DIR c548d2c
    python tests/before_the_move/make.py DIR

DIR is a checkout of that commit; the Python that runs this is the one that runs the commands. Every command is run in a
neutral folder with relative paths, so that no path of this machine is in what it writes.
"""

import argparse
import csv
import gzip
import hashlib
import importlib.metadata
import json
import os
import random
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers.implementations import BertWordPieceTokenizer

COMMIT = "c548d2c"
HERE = Path(__file__).parent
ROWS = 80
TWICE = 5
"""Of these rows, the last ones have texts of others."""
BLOCKS = 3
"""The interrupted extraction stops when so many blocks are written."""
MARGIN = 2e-4
"""Validation losses of a head's two best epochs differ by at least this share."""
FOLD, EPOCH = 2, 2
"""The stopped training stops behind this epoch of this fold, both counted from 1."""

GOOD = ["quiet", "kind", "bright", "early", "warm", "clean", "lovely", "helpful"]
BAD = ["noisy", "rude", "dull", "late", "cold", "muddy", "broken", "silly"]
THINGS = ["train", "library", "soup", "garden", "editor", "page", "bus", "museum", "song", "bridge"]
PLACES = ["town", "village", "harbour", "school", "market"]
FEW = ["the", "a", "of", "in", "is", "was", "not", "very", "and", "again", "today", "this", "my", "we", "it"]
PIECES = [*"abcdefghijklmnopqrstuvwxyz0123456789.,!?'<>-/@", "##s", "##ed", "##ing", "##er", "##ly", "##y"]
ODD = [  # what cleaning and the tokenizer have to do something about
    ("The TRAIN was LATE today!!!", 1),
    ("a página of the editor, très bright :)", 0),
    ("see https://example.org/soup?x=1 again", 1),
    ("write to someone@example.org, the library is kind", 0),
    ("the soup,\nin two lines, was cold", 1),
    ('she said "this garden is lovely"', 0),
    ("", 1),
    ("12345 buses, 3.50 each, late late late", 1),
    ("it is warm \u2600 and clean \U0001f33b", 0),
    ("zzz qqq xxyyzz", 1),
]
NEW = [
    "the bus in my town was late again",
    "a lovely garden and a kind editor",
    "",
    "THE SOUP IS NOT COLD!",
    "the bridge of the village is very bright today, it was dull, and we like this page of the museum very much",
    "unknownword here",
    'a "quoted", text',
    "see www.example.org or write to nobody@example.org",
    "caf\u00e9 soup \U0001f35c",
    "the train",
    "rude rude rude noisy bus",
]

LIBRARIES = (
    *("clean-text", "emoji", "ftfy", "tokenizers", "flax", "jax", "jaxlib", "numpy", "optax"),
    *("scikit-learn", "scipy"),
)
EXTRACT = (
    "-m extract --data comments.csv --backbone tiny --max-length 32 --block-rows 12 "
    "--compute-dtype float32 --dtype float32"
)
BENCH = "bench.py --seeds 2 --batch-size 16 --precision float32 --memory device --memory-limit 1GB"
PREDICT = "predict.py --run results/{name} --input new.csv --keep id"
COMMANDS = {  # {name} is the cache's
    "extract": EXTRACT,
    "bench": f"{BENCH} --heads all --epochs 25",
    "folds": f"{BENCH} --heads cls,maxavg --epochs 4 --folds 3 --out folds",
    "predict csv": f"{PREDICT} --output predictions.csv",
    "predict jsonl": f"{PREDICT} --head maxavg --output predictions.jsonl",
    "export": "predict.py export results/{name} export",
}

STOP_EXTRACT = f"""
import os, runpy, signal
from cache.writer import CacheWriter

whole, written = CacheWriter.write_block, []

def write_block(self, *rest):
    record = whole(self, *rest)
    written.append(record)
    if len(written) == {BLOCKS}:
        os.kill(os.getpid(), signal.SIGINT)
    return record

CacheWriter.write_block = write_block
runpy.run_module("extract", run_name="__main__", alter_sys=True)
"""
STOP_BENCH = f"""
import os, runpy, signal, sys
from train.epoch_line import EpochLine

folds, init, call = [], EpochLine.__init__, EpochLine.__call__

def begin(self, epochs):
    folds.append(self)
    init(self, epochs)

def tell(self, progress, lanes):
    call(self, progress, lanes)
    if (len(folds), len(progress.seconds)) == ({FOLD}, {EPOCH}):
        os.kill(os.getpid(), signal.SIGINT)

EpochLine.__init__, EpochLine.__call__ = begin, tell
runpy.run_path(sys.argv.pop(1), run_name="__main__")
"""


class Runner:
    """Runs commands of a checkout in a folder.

    Args:
        checkout: of the project.
        folder: that the commands run in.
    """

    def __init__(self, checkout: Path, folder: Path) -> None:
        self.checkout, self.folder = checkout, folder

    def run(self, command: str, code: int = 0, driver: str = "") -> None:
        """Run one; it has to end with this exit code.

        Args:
            command: without the Python before it.
            code: with which it has to end.
            driver: a program that runs the command and stops it.
        """
        words = [str(self.checkout / word) if word.endswith(".py") else word for word in shlex.split(command)]
        line = ["-c", driver, *(words[2:] if words[0] == "-m" else words)] if driver else words
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.checkout),
            "PYTHONDONTWRITEBYTECODE": "1",
            "JAX_PLATFORMS": "cpu",
            "JAX_NUM_CPU_DEVICES": "1",
        }
        ended = subprocess.run([sys.executable, *line], cwd=self.folder, env=environment, check=False)
        if ended.returncode != code:
            raise SystemExit(f"`{command}` ended with {ended.returncode}, not {code}")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("checkout", type=Path, help=f"a checkout of commit {COMMIT}")
    parser.add_argument(
        "--out", type=Path, default=HERE / "before.tar.gz", help="archive to write (default: beside this)"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        fill(Runner(arguments.checkout.resolve(), folder))
        check_no_paths(folder, [str(arguments.checkout.resolve()), place, str(Path.home())])
        pack(folder, arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size:,} bytes")


def fill(runner: Runner) -> None:
    """Run everything, and leave out what no comparison needs."""
    folder = runner.folder
    write_data(folder)
    write_backbone(folder / "tiny")
    runner.run(EXTRACT)
    (cache,) = (folder / "features").iterdir()
    commands = {key: command.format(name=cache.name) for key, command in COMMANDS.items()}
    runner.run(f"{EXTRACT} --cache-dir interrupted", 130, STOP_EXTRACT)
    unfinished = folder / "interrupted" / cache.name
    if (unfinished / "manifest.json").exists() or (unfinished / "lock.json").exists():
        raise SystemExit("the extraction was not interrupted in the middle")
    for key in ("bench", "folds"):
        runner.run(commands[key])
    (folds,) = (folder / "folds").iterdir()
    for run in (folder / "results" / cache.name, folds):
        check_margins(run)
    for key in ("predict csv", "predict jsonl", "export"):
        runner.run(commands[key])
    runner.run(f"{commands['folds']} --out stopped", 130, STOP_BENCH)
    facts = {
        "commit": COMMIT,
        "name": cache.name,
        "key": json.loads((cache / "manifest.json").read_text())["key"],
        "blocks": block_checksums(cache),
        "interrupted_blocks": len(list(unfinished.glob("*/*/block.json"))),
        "commands": commands,
        "export": digests(folder / "export"),
        "versions": versions(),
        "processor": processor(),
    }
    (folder / "facts.json").write_text(json.dumps(facts, indent=1) + "\n")
    shutil.rmtree(folder / "export")
    neutral(folder)
    thin_out(folder / "results" / cache.name)
    for name in ("state", "checkpoints"):
        shutil.rmtree(folds / name)
    for run in (folds, folder / "stopped" / folds.name):
        drop_pictures(run)


def write_data(folder: Path) -> None:
    """Write the labelled comments and the new texts; all of them are invented."""
    draw = random.Random(7)
    rows = [*ODD]
    while len(rows) < ROWS - TWICE:
        label = len(rows) % 2
        adjectives, others = (BAD, GOOD) if label else (GOOD, BAD)
        words = ["the", draw.choice(THINGS), *draw.choice([[], ["of", "the", draw.choice(PLACES)]])]
        words += [draw.choice(["is", "was"]), *draw.choices(["very", "not", "again"], k=draw.randrange(3))]
        words += [draw.choice(adjectives)]
        for _ in range(draw.randrange(3)):
            kind = adjectives if draw.random() < 0.8 else others
            words += ["and", "this", draw.choice(THINGS), "is", draw.choice(kind)]
        rows.append((" ".join(words), label))
    rows += rows[20 : 20 + TWICE]
    write_csv(folder / "comments.csv", ["comment_text", "Toxic"], rows)
    write_csv(folder / "new.csv", ["id", "comment_text"], [(f"n{at}", text) for at, text in enumerate(NEW)])


def write_csv(path: Path, header: list[str], rows: list[tuple[str, int]] | list[tuple[str, str]]) -> None:
    """Write a table."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def write_backbone(folder: Path) -> None:
    """Write a DistilBERT of random weights: 2 layers, width 8; no two parameters are alike."""
    folder.mkdir()
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary += [*FEW, *THINGS, *PLACES, *GOOD, *BAD, *(piece for piece in PIECES if piece not in FEW)]
    width, hidden, layers, positions = 8, 16, 2, 64
    config = {
        "model_type": "distilbert",
        "vocab_size": len(vocabulary),
        "dim": width,
        "n_layers": layers,
        "n_heads": 2,
        "hidden_dim": hidden,
        "max_position_embeddings": positions,
        "activation": "gelu",
    }
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (len(vocabulary), width),
        "embeddings.position_embeddings.weight": (positions, width),
        "embeddings.LayerNorm.weight": (width,),
        "embeddings.LayerNorm.bias": (width,),
    }
    for layer in range(layers):
        dense: dict[str, tuple[int, ...]] = {
            f"attention.{part}_lin": (width, width) for part in ("q", "k", "v", "out")
        }
        dense |= {"ffn.lin1": (hidden, width), "ffn.lin2": (width, hidden)}
        for name, shape in dense.items():
            shapes[f"transformer.layer.{layer}.{name}.weight"] = shape
            shapes[f"transformer.layer.{layer}.{name}.bias"] = shape[:1]
        for name in ("sa_layer_norm", "output_layer_norm"):
            shapes[f"transformer.layer.{layer}.{name}.weight"] = (width,)
            shapes[f"transformer.layer.{layer}.{name}.bias"] = (width,)
    draw = np.random.default_rng(11)
    weights = {}
    for name, shape in shapes.items():
        scale, middle = (0.1, name.endswith("weight")) if "norm" in name.lower() else (0.5, False)
        values = middle + scale * draw.standard_normal(shape, np.float32)
        weights[name] = values.astype(np.float32)
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    save_file(weights, folder / "model.safetensors")
    BertWordPieceTokenizer({word: at for at, word in enumerate(vocabulary)}).save(
        str(folder / "tokenizer.json")
    )


def block_checksums(cache: Path) -> dict[str, dict[str, str]]:
    """SHA-256 of each array of each block, as its record says."""
    return {
        str(path.parent.relative_to(cache)): json.loads(path.read_text())["sha256"]
        for path in sorted(cache.glob("*/*/block.json"))
    }


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of each file."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def versions() -> dict[str, str]:
    """Releases on which the numbers depend."""
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def processor() -> str:
    """SHA-256 of the processor's model, features and number of cores, on which last bits depend; '' without Linux."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    kinds = sorted({line for line in lines if line.startswith(("model name", "flags"))})
    return hashlib.sha256("\n".join([*kinds, str(os.cpu_count())]).encode()).hexdigest()


def check_margins(run: Path) -> None:
    """Refuse a run in which another processor's last bits might choose another best epoch."""
    for lane, history in json.loads((run / "results.json").read_text())["histories"].items():
        lowest, second = sorted(record["valid_loss"] for record in history)[:2]
        if second - lowest < MARGIN * lowest:
            raise SystemExit(f"{run.name}: two epochs of {lane} are nearly as good: {lowest}, {second}")


def thin_out(run: Path) -> None:
    """Keep the weights of each head that `predict.py` reads: the best ones of the seed with the lowest loss."""
    shutil.rmtree(run / "state")
    drop_pictures(run)
    rows = json.loads((run / "results.json").read_text())["results"]
    for head in run.glob("checkpoints/*"):
        best = min((row for row in rows if row["head"] == head.name), key=lambda row: row["valid_loss"])
        for seed in head.iterdir():
            shutil.rmtree(seed / "last")
            if seed.name != f"seed-{best['seed']}":
                shutil.rmtree(seed)


def drop_pictures(run: Path) -> None:
    """Remove what is only looked at."""
    shutil.rmtree(run / "history", ignore_errors=True)
    for name in ("comparison.png", "report.html"):
        (run / name).unlink(missing_ok=True)


def neutral(folder: Path) -> None:
    """Make the paths relative that Orbax writes beside each checkpoint; it does not read them."""
    for path in folder.rglob("commit_success.txt"):
        path.write_text(path.read_text().replace(f"{folder}/", ""))


def check_no_paths(folder: Path, paths: list[str]) -> None:
    """Refuse to pack a file that names a place of this machine.

    Orbax compresses some of its own files; what is in those cannot be seen here.
    """
    for path in (path for path in folder.rglob("*") if path.is_file()):
        for place in paths:
            if place.encode() in path.read_bytes():
                raise SystemExit(f"{path.relative_to(folder)} holds the path {place}")


def pack(folder: Path, target: Path) -> None:
    """Write an archive that depends on names and contents only."""

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = entry.mtime = 0
        entry.uname = entry.gname = ""
        entry.mode = 0o755 if entry.isdir() else 0o644
        return entry

    with (
        target.open("wb") as file,
        gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=file, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path in sorted(folder.rglob("*")):
            archive.add(path, str(path.relative_to(folder)), recursive=False, filter=plain)


if __name__ == "__main__":
    main()
