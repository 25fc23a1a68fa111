"""What a user can choose for stage two, every default of which is written here, once."""

import argparse
import dataclasses
from collections.abc import Sequence
from typing import Literal, get_args, get_type_hints

from headstart.cache.runtime.command_line import CommandLineParser

QUICK_ROWS = 512
ON_LAYERS = "avg,maxavg"
"""Heads of `bench.py layers`."""
CHOICES = {
    "batching": "rows of like length in a batch, or plainly shuffled",
    "precision": "operands of the large matmuls",
    "memory": "where the features live",
    "class_weight": "weight of each class in the training loss",
}


@dataclasses.dataclass(frozen=True)
class ComparisonSettings:
    """Settings of one comparison.

    Attributes:
        heads: Names of heads and of groups of them, separated by commas; see `train.head_names`.
        cache: Folder of the feature cache; None takes the only one under `cache_dir`.
        cache_dir: Folder, or `s3://` or `gs://` prefix, that holds the caches.
        seeds: Number of seeds to train each head with: 0, 1, ...
        epochs: Most epochs to train.
        batch_size: Rows of a training step.
        out: Folder that gets a folder of results for each cache.
        quick: Whether to run one epoch on the first rows only.
        notebook: Whether to train as the notebook did: heads without masks, on a padded cache, `exact` batches.
        batching: `bucket` puts rows of like length into a batch, `exact` shuffles them all.
        precision: Dtype of the operands of the large matmuls, which add up in float32; `auto` takes `bfloat16` where
            the machine multiplies it faster.
        memory: Where the features live: `device`, `host`, `stream`, or `auto`.
        memory_limit: Most bytes of features to hold; None takes half of what is free.
        resume: Whether to go on from the last epoch of a run that was stopped.
        folds: Parts into which all rows are split anew, each of which is tested once; 0 keeps the cache's splits.
        class_weight: `balanced` makes every class weigh as much in training, however many rows it has.
        deduplicate: Whether to leave out rows of training and validation whose cleaned text is also in a later split.
        no_floors: Whether to leave out the two logistic regressions.
        json: Whether to print the content of `results.json` instead of the table.
        log: Loggers that get the numbers of each epoch, separated by commas; see `train.report.loggers`.
    """

    heads: str = "all"
    cache: str | None = None
    cache_dir: str = "features"
    seeds: int = 1
    epochs: int = 50
    batch_size: int = 128
    out: str = "results"
    quick: bool = False
    notebook: bool = False
    batching: Literal["bucket", "exact"] = "bucket"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    memory: Literal["auto", "device", "host", "stream"] = "auto"
    memory_limit: int | None = None
    resume: bool = False
    folds: int = 0
    class_weight: Literal["none", "balanced"] = "none"
    deduplicate: bool = False
    no_floors: bool = False
    json: bool = False
    log: str | None = None


def parse_arguments(
    heads: Sequence[str], description: str, arguments: Sequence[str] | None = None
) -> ComparisonSettings:
    """Parse the command line.

    Args:
        heads: Names of all heads.
        description: Description of the command.
        arguments: The command line; None takes that of the process.
    """
    names = f"{', '.join(heads)}; avg@3, avg@last, avg@all: of any pooling head on a layer, on all"
    parser = CommandLineParser(prog="python bench.py", description=description)
    return _parsed(parser, ComparisonSettings(), f"all, more, or some of: {names}", arguments)


def parse_layers(pooling: Sequence[str], arguments: Sequence[str]) -> ComparisonSettings:
    """Parse the command line of `layers`, whose heads are those that can stand on any layer."""
    about = "Train heads on every layer of a cache and on all layers together, and choose the layer by validation rows."
    parser = CommandLineParser(prog="python bench.py layers", description=about)
    heads = f"all, or some of: {', '.join(pooling)}"
    return _parsed(parser, ComparisonSettings(heads=ON_LAYERS), heads, arguments)


def _parsed(
    parser: argparse.ArgumentParser,
    default: ComparisonSettings,
    heads: str,
    arguments: Sequence[str] | None,
) -> ComparisonSettings:
    add = parser.add_argument
    add("--heads", default=default.heads, help=f"{heads} (default: %(default)s)")
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
        choices = get_args(get_type_hints(ComparisonSettings)[flag])
        add(
            f"--{flag.replace('_', '-')}",
            choices=choices,
            default=getattr(default, flag),
            help=f"{meaning} (default: %(default)s)",
        )
    add("--folds", type=folds, default=default.folds, metavar="K", help="test every row once (default: off)")
    add("--memory-limit", type=size, help="features held at most, like 4GB (default: half of what is free)")
    add("--resume", action="store_true", help="go on from the last epoch of a stopped run (default: off)")
    leaks = "leave out rows of earlier splits whose text is also in a later one (default: off)"
    add("--deduplicate", action="store_true", help=leaks)
    add("--no-floors", action="store_true", help="leave out the logistic regressions (default: off)")
    add("--json", action="store_true", help="print results.json instead of the table (default: off)")
    loggers = "tensorboard, mlflow, wandb, or several: send them the numbers of each epoch (default: off)"
    add("--log", metavar="LOGGERS", help=loggers)
    quick = f"try the whole path: 1 epoch on {QUICK_ROWS} rows (default: off)"
    add("--quick", action="store_true", help=quick)
    notebook = "as the notebook did: no masks, on a cache of --layout padded; --batching exact (default: off)"
    add("--notebook", action="store_true", help=notebook)
    return ComparisonSettings(**vars(parser.parse_args(arguments)))


def parse_compare(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the command line of `compare`."""
    parser = _parser_of_runs("compare", "Put finished runs side by side.")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table (default: off)")
    return parser.parse_args(arguments)


def parse_verify(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the command line of `verify`."""
    about = "Prove that runs are as they were written: every head, the predictions, the table."
    return _parser_of_runs("verify", about).parse_args(arguments)


def _parser_of_runs(command: str, about: str) -> argparse.ArgumentParser:
    parser = CommandLineParser(prog=f"python bench.py {command}", description=about)
    runs = "folder that bench.py wrote, like results/CACHE"
    parser.add_argument("runs", nargs="+", metavar="RESULTS", help=runs)
    return parser


def size(text: str) -> int:
    """Parse bytes."""
    from headstart.train.feeds.memory import parse_bytes

    try:
        return parse_bytes(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def positive(text: str) -> int:
    """Parse a whole number above 0."""
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{value} is not above 0")
    return value


def folds(text: str) -> int:
    """Parse a number of folds: at least 2."""
    if (value := int(text)) < 2:
        raise argparse.ArgumentTypeError(f"{value} is not above 1")
    return value
