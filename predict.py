"""Label new text with a head that bench.py has trained.

`python predict.py --run results/CACHE "some text"`, or `--input texts.csv --output labels.csv`.
"""

import argparse
import csv
import json
import math
import os
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from cache.environment import prepare_jax
from cache.errors import UserError, exit_code
from heads import HEADS, PoolingHead

if TYPE_CHECKING:
    import numpy as np

    from cache.block import Block
    from cache.recipe import Recipe
    from cache.task import Task
    from extract.encode import Encoder
    from train.answer import Answerer, Chunk

CHUNK = 256  # rows that go through the backbone together
ENDINGS = (".csv", ".tsv", ".jsonl")


class Trained(NamedTuple):
    """A head of a run.

    Attributes:
        name: of the head.
        seed: of its training.
        task: what it tells apart.
        recipe: of the features that it learnt from.
        params: its parameters.
        operands: dtype of what its large matmuls multiply.
        backbone: what the user called the backbone.
    """

    name: str
    seed: int
    task: "Task"
    recipe: "Recipe"
    params: Any
    operands: str
    backbone: str


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python predict.py", description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    add("texts", nargs="*", metavar="TEXT", help="texts to label")
    add("--run", required=True, help="folder that bench.py wrote, like results/CACHE")
    add(
        "--head",
        default="best",
        help="a head, or the one with the lowest validation loss (default: %(default)s)",
    )
    add("--input", help=f"file with one text in each row: {', '.join(ENDINGS[:2])}, plain, .gz or .zip")
    add("--text-column", help="column with the text (default: guessed)")
    add("--output", help=f"file for the labels, in the input's order: {', '.join(ENDINGS)}")
    add("--backbone", help="where the backbone lies, if not where stage one found it")
    add(
        "--explain",
        action="store_true",
        help="show what each token adds (cls, max, avg, maxavg; default: off)",
    )
    return parser.parse_args(arguments)


def main() -> None:
    """Run the command."""
    wanted = parse_arguments()
    check_arguments(wanted)
    prepare_jax()
    head = open_head(wanted.run, wanted.head)
    if wanted.explain and not isinstance(HEADS[head.name], PoolingHead):
        can = ", ".join(name for name, own in HEADS.items() if isinstance(own, PoolingHead))
        raise UserError(f"the score of {head.name!r} does not split over tokens; --explain works for {can}")
    encoder, answerer = load(head, wanted.backbone)
    print(f"head {head.name}, seed {head.seed}, backbone {head.backbone}", file=sys.stderr)
    if wanted.input:
        label_file(wanted, head, encoder, answerer)
        return
    for start in range(0, len(wanted.texts), CHUNK):
        texts = wanted.texts[start : start + CHUNK]
        show(texts, head, encoder, answerer, wanted.explain)


def check_arguments(wanted: argparse.Namespace) -> None:
    """Check that the arguments go together.

    Raises:
        UserError: they do not.
    """
    if bool(wanted.texts) == bool(wanted.input):
        raise UserError("give either texts or --input FILE; like: python predict.py --run RUN 'some text'")
    if bool(wanted.input) != bool(wanted.output):
        raise UserError("--input and --output go together; like: --input texts.csv --output labels.csv")
    if wanted.output and not wanted.output.lower().endswith(ENDINGS):
        raise UserError(f"--output {wanted.output} has none of the endings {', '.join(ENDINGS)}")
    if wanted.explain and wanted.input:
        raise UserError("--explain shows texts of the command line, not files")


def open_head(path: str, wanted: str) -> Trained:
    """Read a head of a run.

    Raises:
        UserError: there is no such run or head.
    """
    from cache.recipe import Recipe
    from cache.task import Task
    from heads.module import init
    from train.checkpoints import restore
    from train.folder import RunFolder

    run = RunFolder(path.rstrip("/")).results()
    task, recipe = Task.from_json(run["task"]), Recipe.from_json(run["cache"]["recipe"])
    name, seed = choose(run["results"], wanted)
    width = int(json.loads(recipe.architecture)["dim"])
    folder = os.path.join(path, "checkpoints", name, f"seed-{seed}")
    try:
        params = restore(folder, "best", init(name, HEADS[name], width, 0, task.outputs))
    except (OSError, ValueError) as error:
        raise UserError(f"the head {name} of {path} cannot be read: {error}") from None
    backbone = run["cache"]["source"].get("backbone_argument") or run["cache"]["source"].get("backbone", "")
    return Trained(name, seed, task, recipe, params, run["operands"], str(backbone))


def choose(results: Sequence[dict[str, Any]], wanted: str) -> tuple[str, int]:
    """The head and seed with the lowest validation loss: test rows choose nothing.

    Raises:
        UserError: the run has no such head, or all of them diverged.
    """
    rows = [row for row in results if row["head"] in HEADS and wanted in ("best", row["head"])]
    if not rows:
        there = ", ".join(dict.fromkeys(row["head"] for row in results if row["head"] in HEADS))
        raise UserError(f"the run has no head {wanted!r}; it has: {there}")
    finite = [row for row in rows if row["valid_loss"] is not None and math.isfinite(row["valid_loss"])]
    if not finite:
        raise UserError(f"no head of the run learnt anything: all losses of {wanted!r} are NaN")
    best = min(finite, key=lambda row: float(row["valid_loss"]))
    return best["head"], int(best["seed"])


def load(head: Trained, backbone: str | None) -> "tuple[Encoder, Answerer]":
    """Load backbone and head.

    Raises:
        UserError: the backbone is not the one that the head learnt from.
    """
    from extract.checkpoint import find_checkpoint
    from extract.encode import Encoder
    from heads.joint import Joint
    from train.answer import Answerer

    encoder = Encoder(head.recipe, find_checkpoint(backbone or head.backbone))
    group = Joint(((head.name, HEADS[head.name]),), head.recipe.max_length, head.operands)
    tokens, halves = HEADS[head.name].reads_tokens, head.operands == "bfloat16"
    return encoder, Answerer(group, {head.name: head.params}, tokens, halves, CHUNK, head.recipe.max_length)


def as_chunk(block: "Block") -> "Chunk":
    """Features as the heads read them; of the layout `padded` all positions of a row count."""
    import numpy as np

    from train.answer import Chunk

    if block.hidden is None or block.hidden.ndim == 2:
        return Chunk(block.hidden, block.lengths, block.labels, block.pooled)
    rows, positions, width = block.hidden.shape
    lengths = np.full(rows, positions, np.int32)
    return Chunk(block.hidden.reshape(-1, width), lengths, block.labels, block.pooled)


def show(
    texts: Sequence[str], head: Trained, encoder: "Encoder", answerer: "Answerer", explain: bool
) -> None:
    """Print a line for each text, and what its tokens add if wanted."""
    tokens = encoder.tokenize(texts)
    chunk = as_chunk(encoder.encode(tokens))
    shares = probabilities_of(head.task, answerer.logits(chunk))
    words = encoder.words(tokens)
    for row, (text, own) in enumerate(zip(texts, shares, strict=True)):
        label, columns = decide(head.task, own)
        listed = "  ".join(f"{name} {share:.4f}" for name, share in columns.items())
        print(f"{label or '(none)'}  [{listed}]  {' '.join(text.split())[:200]}")
        if explain:
            print(explained(head, chunk, row, words[row]))


def explained(head: Trained, chunk: "Chunk", row: int, words: Sequence[str]) -> str:
    """The tokens of a row, coloured by what each adds to each logit."""
    from heads.explain import contributions

    own = HEADS[head.name]
    assert isinstance(own, PoolingHead)  # checked before anything was loaded
    if chunk.hidden is None:
        raise UserError("the run was made from pooled vectors only, which no longer tell tokens apart")
    start = int(chunk.lengths[:row].sum())
    hidden = chunk.hidden[start : start + int(chunk.lengths[row])]
    dense = head.params["dense"]
    found = contributions(own, as_numpy(dense["kernel"]), hidden, chunk.pooled[row])
    names = head.task.classes[-head.task.outputs :]
    return "\n".join(
        f"  {name}: {float(bias):+.3f} bias  "
        + " ".join(coloured(w, v) for w, v in zip(words, values, strict=False))
        for name, bias, values in zip(names, as_numpy(dense["bias"]), found.T, strict=True)
    )


def coloured(word: str, value: float) -> str:
    """A token with its contribution; red adds to the logit, blue takes away."""
    if not sys.stdout.isatty() or abs(value) < 0.01:
        return f"{word}({value:+.2f})"
    return f"\033[{31 if value > 0 else 34}m{word}({value:+.2f})\033[0m"


def as_numpy(values: Any) -> "np.ndarray":
    """An array on the host."""
    import numpy as np

    return np.asarray(values)


def probabilities_of(task: "Task", logits: "np.ndarray") -> "np.ndarray":
    """Probability of every class of every row, `[b, classes]`."""
    import numpy as np

    from train.probabilities import probabilities

    shares = probabilities(task, logits)
    return np.concatenate([1 - shares, shares], axis=1) if task.kind == "binary" else shares


def decide(task: "Task", shares: "np.ndarray") -> tuple[str, dict[str, float]]:
    """The label of a row, several joined by `|`, and the probability of each class."""
    columns = {name: float(share) for name, share in zip(task.classes, shares, strict=True)}
    if task.kind == "multilabel":
        return "|".join(name for name, share in columns.items() if share > 0.5), columns
    if task.kind == "binary":
        return task.classes[int(shares[1] > 0.5)], columns
    return task.classes[int(shares.argmax())], columns


def label_file(wanted: argparse.Namespace, head: Trained, encoder: "Encoder", answerer: "Answerer") -> None:
    """Label every row of a file, in its order; the output appears when it is whole.

    Raises:
        UserError: the input cannot be read, or the output cannot be written.
    """
    from extract.columns import choose_text
    from extract.table import read_table

    table = read_table(wanted.input)
    texts = table[choose_text(table, wanted.text_column)].tolist()
    staging = f"{wanted.output}.partial"
    try:
        with open(staging, "w", encoding="utf-8", newline="") as file:
            write = writer_of(file, wanted.output, head.task)
            for number, shares in enumerate(answers(texts, head, encoder, answerer)):
                label, columns = decide(head.task, shares)
                write(number, label, columns)
        os.replace(staging, wanted.output)
    except OSError as error:
        raise UserError(f"{wanted.output} cannot be written ({error.strerror})") from None
    finally:
        if os.path.exists(staging):
            os.remove(staging)
    print(f"{len(texts):,} rows in, {len(texts):,} labelled: {wanted.output}", file=sys.stderr)


def answers(
    texts: Sequence[str], head: Trained, encoder: "Encoder", answerer: "Answerer"
) -> "Iterator[np.ndarray]":
    """Probabilities of each text in order; tells the rate as it goes."""
    start = time.perf_counter()
    for begin in range(0, len(texts), CHUNK):
        block = encoder.encode(encoder.tokenize(texts[begin : begin + CHUNK]))
        yield from probabilities_of(head.task, answerer.logits(as_chunk(block)))
        done = min(begin + CHUNK, len(texts))
        rate = done / (time.perf_counter() - start)
        left = (len(texts) - done) / rate
        line = f"{done:,} of {len(texts):,} rows  {rate:,.0f} rows/s  {left:,.0f} s left"
        print(
            f"\r{line}\033[K" if sys.stderr.isatty() else line,
            end="" if sys.stderr.isatty() else "\n",
            file=sys.stderr,
        )


def writer_of(file: Any, name: str, task: "Task") -> Any:
    """A function that writes a row: its number in the file, counted from 1, its label, probabilities."""
    if name.lower().endswith(".jsonl"):

        def write_json(number: int, label: str, columns: dict[str, float]) -> None:
            own: Any = label.split("|") if task.kind == "multilabel" else label
            own = [] if own == [""] else own
            file.write(json.dumps({"row": number + 1, "label": own, "probabilities": columns}) + "\n")

        return write_json
    rows = csv.writer(file, delimiter="\t" if name.lower().endswith(".tsv") else ",", lineterminator="\n")
    rows.writerow(["row", "label", *(f"p_{name}" for name in task.classes)])

    def write_line(number: int, label: str, columns: dict[str, float]) -> None:
        rows.writerow([number + 1, label, *(f"{share:.6f}" for share in columns.values())])

    return write_line


if __name__ == "__main__":
    sys.exit(exit_code(main, "nothing was written; run the same command again"))
