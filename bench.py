"""Train heads on cached features and compare them: table, plots, results as CSV and JSON."""

import argparse
import dataclasses
import difflib
import os
import pathlib
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal, get_args, get_type_hints

from cache.environment import prepare_jax
from cache.errors import UserError, exit_code
from heads import HEADS

if TYPE_CHECKING:  # at run time these are imported once the arguments are known to be sound
    from cache.reader import Cache
    from train.batches import Features
    from train.fit import FitResult, Lane, Progress
    from train.job import Job
    from train.metrics import Metrics
    from train.results import Result

QUICK_ROWS = 512
CHOICES = {
    "batching": "rows of like length in a batch, or plainly shuffled",
    "precision": "operands of the large matmuls",
    "memory": "where the features live",
}
LIBRARIES = ("jax", "flax", "optax", "orbax-checkpoint", "numpy")


@dataclasses.dataclass(frozen=True)
class Settings:
    """Settings of one comparison.

    Attributes:
        heads: `all`, or names separated by commas.
        cache: folder of the feature cache; None takes the only one under `cache_dir`.
        cache_dir: folder, or `s3://` or `gs://` prefix, that holds the caches.
        seeds: how many seeds to train each head with: 0, 1, ...
        epochs: the most to train.
        batch_size: rows of a training step.
        out: folder that gets a folder of results for each cache.
        quick: one epoch on the first rows only.
        batching: `bucket` puts rows of like length into a batch, `exact` shuffles them all.
        precision: of the operands of the large matmuls, which add up in float32; `auto` takes `bfloat16` where the
            machine multiplies it faster.
        memory: where the features live: `device`, `host`, `stream`, or `auto`.
        memory_limit: the most bytes of features to hold; None takes half of what is free.
        resume: go on from the last epoch of a run that was stopped.
    """

    heads: str = "all"
    cache: str | None = None
    cache_dir: str = "features"
    seeds: int = 1
    epochs: int = 50
    batch_size: int = 128
    out: str = "results"
    quick: bool = False
    batching: Literal["bucket", "exact"] = "bucket"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    memory: Literal["auto", "device", "host", "stream"] = "auto"
    memory_limit: int | None = None
    resume: bool = False


def parse_arguments(arguments: list[str] | None = None) -> Settings:
    """Parse the command line."""
    default = Settings()
    parser = argparse.ArgumentParser(prog="python bench.py", description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    names = ", ".join(HEADS)
    add("--heads", default=default.heads, help=f"all, or some of: {names} (default: %(default)s)")
    add("--cache", help="folder of the feature cache (default: the only one there is)")
    add(
        "--cache-dir",
        default=default.cache_dir,
        help="folder or s3:// prefix of the caches (default: %(default)s)",
    )
    add("--seeds", type=positive, default=default.seeds, help="seeds per head (default: %(default)s)")
    add("--epochs", type=positive, default=default.epochs, help="at most (default: %(default)s)")
    add("--batch-size", type=positive, default=default.batch_size, help="rows (default: %(default)s)")
    add("--out", default=default.out, help="folder of the results (default: %(default)s)")
    for flag, meaning in CHOICES.items():
        choices = get_args(get_type_hints(Settings)[flag])
        add(
            f"--{flag}",
            choices=choices,
            default=getattr(default, flag),
            help=f"{meaning} (default: %(default)s)",
        )
    add("--memory-limit", type=size, help="features held at most, like 4GB (default: half of what is free)")
    add("--resume", action="store_true", help="go on from the last epoch of a stopped run (default: off)")
    quick = f"try the whole path: 1 epoch on {QUICK_ROWS} rows (default: off)"
    add("--quick", action="store_true", help=quick)
    return Settings(**vars(parser.parse_args(arguments)))


def size(text: str) -> int:
    """Parse bytes."""
    from train.memory import parse_bytes

    try:
        return parse_bytes(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def positive(text: str) -> int:
    """Parse a whole number above 0."""
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{value} is not above 0")
    return value


def choose_heads(names: str) -> list[str]:
    """Return the names of the wanted heads, in the order of `HEADS`.

    Raises:
        UserError: a name is unknown.
    """
    wanted = list(HEADS) if names == "all" else [name.strip() for name in names.split(",") if name.strip()]
    for name in wanted:
        if name not in HEADS:
            close = difflib.get_close_matches(name, HEADS, n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise UserError(f"there is no head {name!r}; {hint}known heads: {', '.join(HEADS)}")
    if not wanted:
        raise UserError(f"--heads names no head; known heads: {', '.join(HEADS)}")
    return [name for name in HEADS if name in wanted]


def trainable(names: list[str], asked: str, cache: "Cache") -> list[str]:
    """Return the heads that a cache can train: one of pooled vectors only has no tokens to read.

    Args:
        names: the wanted heads.
        asked: what the user said; `all` means all that the cache can train.
        cache: an opened cache.

    Raises:
        UserError: the user named a head that reads tokens.
    """
    left_out = [] if cache.layout_has("hidden") else [name for name in names if HEADS[name].reads_tokens]
    kept = [name for name in names if name not in left_out]
    line = (
        f"{cache.name} holds pooled vectors only and cannot train {', '.join(left_out)}, which read tokens; "
        "for them, run the same `python -m extract` command with `--views all`"
    )
    if left_out and asked != "all":
        can = ",".join(name for name, head in HEADS.items() if not head.reads_tokens)
        raise UserError(f"{line}; from this cache: `--heads {can}`")
    if left_out:
        print(line)
    return kept


def main() -> None:
    """Run the command."""
    settings = parse_arguments()
    names = choose_heads(settings.heads)
    prepare_jax()
    from cache.listing import only_cache
    from cache.reader import open_cache

    cache = open_cache(settings.cache or only_cache(settings.cache_dir))
    names = trainable(names, settings.heads, cache)
    splits = load_splits(cache, settings.quick)
    folder = os.path.join(settings.out, cache.name + ("-quick" if settings.quick else ""))
    settings = dataclasses.replace(settings, epochs=1) if settings.quick else settings
    prepare_folder(folder)
    print(f"{cache.name}: " + ", ".join(f"{name} {len(s.labels):,}" for name, s in splits.items()) + " rows")
    compare(cache, splits, names, settings, folder)


def prepare_folder(folder: str) -> None:
    """Make the folder of the results, and remove an older run's picture: it would belie a new table.

    Raises:
        UserError: it cannot be written; better now than after the training.
    """
    try:
        os.makedirs(folder, exist_ok=True)
        replace_file(os.path.join(folder, "results.csv"), "")
        pathlib.Path(folder, "comparison.png").unlink(missing_ok=True)
    except OSError as error:
        raise UserError(
            f"the folder {folder} cannot be written ({error.strerror}); choose another --out"
        ) from None


def load_splits(cache: "Cache", quick: bool) -> "dict[str, Features]":
    """Open the three splits; their arrays are read when a head first asks for them."""
    from train.first_rows import first_rows
    from train.labels import require_binary

    splits = {name: cache.split(name) for name in ("train", "valid", "test")}
    for name, split in splits.items():
        try:
            require_binary(split.labels, name)
        except ValueError as error:
            raise UserError(f"the cache {cache.name} cannot be used: {error}") from None
    return {name: first_rows(split, QUICK_ROWS) for name, split in splits.items()} if quick else dict(splits)


def compare(
    cache: "Cache", splits: "dict[str, Features]", names: list[str], settings: Settings, folder: str
) -> None:
    """Train all heads with all seeds together, read the test rows once, and write everything."""
    from train.machine import peak_memory
    from train.results import table

    start = time.perf_counter()
    job = open_job(splits, names, settings)
    print(describe(job), file=sys.stderr)
    width = splits["train"].pooled.shape[-1]
    progress = job.train(
        initial(names, width, settings.seeds),
        os.path.join(folder, "state"),
        facts(cache, names, settings, job),
        settings.resume,
        EpochLine(settings.epochs),
    )
    fitted, tests = job.fit.results(progress), job.test(progress, splits["test"])
    results = [majority_row(splits), *(result(lane, fitted[lane], tests[lane]) for lane in job.lanes)]
    for lane, own in fitted.items():
        save_head(folder, *lane, own)
    details = {
        "histories": {f"{n}/{seed}": [r._asdict() for r in own.history] for (n, seed), own in fitted.items()},
        "seconds": {
            "total": time.perf_counter() - start,
            "compile": job.passes.compile_seconds,
            "epochs": list(progress.seconds),
        },
        "memory": {**job.plan._asdict(), "features": job.size, "held": job.held, "peak": peak_memory()},
    }
    write_results(folder, results, details, cache, settings)
    save_comparison(folder, results, len(splits["test"].labels))
    print(f"\n{table(results, len(splits['test'].labels))}\n\nwritten to {folder}/")


def open_job(splits: "dict[str, Features]", names: list[str], settings: Settings) -> "Job":
    """Put heads and features together."""
    from heads.joint import Joint
    from train.job import Job, Reads
    from train.machine import fast_operands
    from train.settings import FitSettings

    operands = fast_operands() if settings.precision == "auto" else settings.precision
    longest = max(int(split.lengths.max()) for split in splits.values())
    tokens = [name for name in names if HEADS[name].reads_tokens]
    pooled = [name for name in names if name not in tokens]
    together = [group for group in (pooled, *([name] for name in tokens)) if group]
    groups = [Joint(tuple((name, HEADS[name]) for name in own), longest, operands) for own in together]
    rates = {name: HEADS[name].learning_rate for name in names}
    reads = Reads(bool(tokens), bool(pooled), operands == "bfloat16")
    fit = FitSettings(settings.epochs, settings.batch_size, settings.seeds, settings.batching)
    return Job(groups, rates, reads, splits, fit, settings.memory, settings.memory_limit)


def initial(names: list[str], width: int, seeds: int) -> dict[str, list[Any]]:
    """Parameters before the first step, of each head for each seed."""
    from heads.module import init

    return {name: [init(name, HEADS[name], width, seed) for seed in range(seeds)] for name in names}


def facts(cache: "Cache", names: list[str], settings: Settings, job: "Job") -> dict[str, Any]:
    """Everything that the numbers depend on."""
    own = {field: getattr(settings, field) for field in ("seeds", "epochs", "batch_size", "quick")}
    how = {field: getattr(settings, field) for field in ("batching", "precision")}
    streamed = {"memory_limit": job.plan.limit} if job.plan.mode == "stream" else {}
    versions = {name: version(name) for name in ("jax", "numpy")}
    return {"cache": cache.manifest.key, "heads": names, **own, **how, **streamed, **versions}


def describe(job: "Job") -> str:
    """Where the features live, and why."""
    from cache.listing import readable

    plan = job.plan
    return (
        f"features: {readable(job.size)}, {plan.mode} memory ({plan.why}); "
        f"held at most {readable(job.held)} of {readable(plan.limit)}"
    )


def result(lane: "Lane", fitted: "FitResult", test: "Metrics") -> "Result":
    """A row of the table."""
    import jax

    from train.results import Result

    count = sum(leaf.size for leaf in jax.tree.leaves(fitted.best_params))
    best = fitted.history[fitted.best_epoch - 1]
    valid = best.valid_loss, best.valid_accuracy
    return Result(*lane, count, len(fitted.history), fitted.best_epoch, *valid, *test, fitted.seconds)


class EpochLine:
    """One line on standard error, redrawn on a terminal and else printed for each epoch."""

    def __init__(self, epochs: int) -> None:
        self._epochs, self._terminal = epochs, sys.stderr.isatty()

    def __call__(self, progress: "Progress", lanes: "list[Lane]") -> None:
        """Take the progress after an epoch, and who took part."""
        done, seconds = len(progress.seconds), progress.seconds[-1]
        loss, name = min((progress.histories[lane][-1].valid_loss, lane[0]) for lane in lanes)
        left = (self._epochs - done) * seconds
        line = (
            f"epoch {done:>2}  {seconds:.2f} s  {len(lanes)} in training  lowest valid loss {loss:.4f} ({name})"
            f"  at most {left:,.0f} s left"
        )
        print(
            f"\r{line}\033[K" if self._terminal else line, end="" if self._terminal else "\n", file=sys.stderr
        )


def majority_row(splits: "dict[str, Features]") -> "Result":
    """Score the floor that every head must beat: the share of each class in the training rows."""
    from train.floors import majority
    from train.results import Result

    labels = splits["train"].labels
    valid, test = (majority(labels, splits[name].labels) for name in ("valid", "test"))
    return Result("majority", 0, 0, 0, 0, *valid, *test, train_seconds=0.0)


def save_head(folder: str, name: str, seed: int, fitted: "FitResult") -> None:
    """Write a head's checkpoints and the picture of its epochs."""
    from train import plots
    from train.checkpoints import save

    checkpoints = os.path.join(folder, "checkpoints", name, f"seed-{seed}")
    save(checkpoints, "best", fitted.best_params)
    save(checkpoints, "last", fitted.last_params)
    os.makedirs(os.path.join(folder, "history"), exist_ok=True)
    stem = name if seed == 0 else f"{name}-seed-{seed}"
    figure = plots.history(fitted.history, HEADS[name].title, fitted.best_epoch)
    figure.savefig(os.path.join(folder, "history", f"{stem}.png"), dpi=100)


def write_results(
    folder: str, results: "Sequence[Result]", details: dict[str, Any], cache: "Cache", settings: Settings
) -> None:
    """Write `results.csv` and `results.json`."""
    from train.results import to_csv, to_json

    everything = {
        "results": [result._asdict() for result in results],
        "settings": dataclasses.asdict(settings),
        "cache": {"name": cache.name, "key": cache.manifest.key, "recipe": cache.recipe.to_json()},
        "environment": environment(),
        **details,
    }
    replace_file(os.path.join(folder, "results.csv"), to_csv(results))
    replace_file(os.path.join(folder, "results.json"), to_json(everything))


def replace_file(path: str, text: str) -> None:
    """Write a file whole or not at all."""
    with open(f"{path}.partial", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(f"{path}.partial", path)


def environment() -> dict[str, Any]:
    """Describe what the results were computed with."""
    import jax

    device = jax.local_devices()[0]
    versions = {name: version(name) for name in LIBRARIES}
    return {"python": platform.python_version(), "device": device.device_kind, **versions}


def save_comparison(folder: str, results: "Sequence[Result]", test_rows: int) -> None:
    """Draw the notebook's two bar charts."""
    from train import plots
    from train.metrics import Metrics
    from train.results import accuracy_error, by_head

    def bars() -> "Iterator[plots.ComparisonRow]":
        for row in by_head(results[1:]):
            error = accuracy_error(results, row.head, test_rows)
            yield plots.ComparisonRow(
                row.head, HEADS[row.head].title, row.test_loss, row.test_accuracy, 0.0, error
            )

    floor = Metrics(results[0].test_loss, results[0].test_accuracy)
    plots.comparison(list(bars()), floor).savefig(os.path.join(folder, "comparison.png"), dpi=120)


if __name__ == "__main__":
    sys.exit(exit_code(main, "go on from the last state on disk with the same command and --resume"))
