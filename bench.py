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
from typing import TYPE_CHECKING, Any

from cache.errors import UserError, exit_code
from heads import HEADS

if TYPE_CHECKING:  # at run time these are imported once the arguments are known to be sound
    from cache.reader import Cache
    from train.batches import Features
    from train.fit import EpochRecord, FitResult
    from train.results import Result
    from train.step import Apply

QUICK_ROWS = 512
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
    """

    heads: str = "all"
    cache: str | None = None
    cache_dir: str = "features"
    seeds: int = 1
    epochs: int = 50
    batch_size: int = 128
    out: str = "results"
    quick: bool = False


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
    add(
        "--quick",
        action="store_true",
        help=f"try the whole path: 1 epoch on {QUICK_ROWS} rows (default: off)",
    )
    return Settings(**vars(parser.parse_args(arguments)))


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
    """Train every head with every seed; results are on disk after each, so that stopping loses one head."""
    from heads.module import logits_of
    from train.results import table

    floor = majority_row(splits)
    results, histories = [floor], dict[str, list[dict[str, Any]]]()
    for name in names:
        apply = logits_of(HEADS[name])  # once for all seeds: steps are compiled anew for each such function
        for seed in range(settings.seeds):
            result, fitted = train_head(name, apply, seed, splits, settings)
            save_head(folder, name, seed, fitted)
            results.append(result)
            histories[f"{name}/{seed}"] = [record._asdict() for record in fitted.history]
            write_results(folder, results, histories, cache, settings)
    save_comparison(folder, results, len(splits["test"].labels))
    print(f"\n{table(results, len(splits['test'].labels))}\n\nwritten to {folder}/")


def majority_row(splits: "dict[str, Features]") -> "Result":
    """Score the floor that every head must beat: the share of each class in the training rows."""
    from train.floors import majority
    from train.results import Result

    labels = splits["train"].labels
    valid, test = (majority(labels, splits[name].labels) for name in ("valid", "test"))
    return Result("majority", 0, 0, 0, 0, *valid, *test, train_seconds=0.0)


def train_head(
    name: str, apply: "Apply", seed: int, splits: "dict[str, Features]", settings: Settings
) -> "tuple[Result, FitResult]":
    """Train one head and read the test rows once."""
    import jax

    from heads.module import init
    from train.evaluate import evaluate
    from train.fit import fit
    from train.results import Result
    from train.settings import FitSettings

    head = HEADS[name]
    params = init(name, head, splits["train"].pooled.shape[-1], seed)
    fit_settings = FitSettings(head.learning_rate, settings.epochs, settings.batch_size, seed)
    show = EpochLine(f"{name:<14} seed {seed}")
    tokens = head.reads_tokens
    start = time.perf_counter()
    fitted = fit(apply, params, splits["train"], splits["valid"], fit_settings, tokens=tokens, on_epoch=show)
    seconds = time.perf_counter() - start
    test = evaluate(apply, fitted.best_params, splits["test"], settings.batch_size, tokens)
    best = fitted.history[fitted.best_epoch - 1]
    count = sum(leaf.size for leaf in jax.tree.leaves(params))
    epochs = len(fitted.history)
    show.finish(f"test accuracy {test.accuracy:.4f}, {seconds:.1f} s", fitted.diverged)
    valid = best.valid_loss, best.valid_accuracy
    return Result(name, seed, count, epochs, fitted.best_epoch, *valid, *test, seconds), fitted


class EpochLine:
    """One line on standard error for the head in training: redrawn on a terminal, else printed at the end."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._line = ""
        self._terminal = sys.stderr.isatty()

    def __call__(self, record: "EpochRecord") -> None:
        """Take an epoch's record."""
        self._line = (
            f"{self._label}  epoch {record.epoch:>2}  loss {record.loss:.4f}  valid {record.valid_loss:.4f}"
        )
        if self._terminal:
            print(f"\r{self._line}", end="", file=sys.stderr, flush=True)

    def finish(self, summary: str, diverged: bool) -> None:
        """End the line."""
        warning = "  NO FINITE VALIDATION LOSS" if diverged else ""
        print(f"{chr(13) if self._terminal else ''}{self._line}  {summary}{warning}", file=sys.stderr)


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
    folder: str,
    results: "Sequence[Result]",
    histories: dict[str, list[dict[str, Any]]],
    cache: "Cache",
    settings: Settings,
) -> None:
    """Write `results.csv` and `results.json`."""
    from train.results import to_csv, to_json

    details = {
        "results": [result._asdict() for result in results],
        "settings": dataclasses.asdict(settings),
        "cache": {"name": cache.name, "key": cache.manifest.key, "recipe": cache.recipe.to_json()},
        "environment": environment(),
        "histories": histories,
    }
    replace_file(os.path.join(folder, "results.csv"), to_csv(results))
    replace_file(os.path.join(folder, "results.json"), to_json(details))


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
    sys.exit(exit_code(main, "the results hold the heads that are finished"))
