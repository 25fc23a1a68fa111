"""What a user can choose for stage two, every default of which is written here, once."""

import argparse
import dataclasses
import json
import os
from collections.abc import Collection, Sequence
from typing import Any, Literal

from headstart.cache.runtime.command_line import CommandLine
from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.files import read_text
from headstart.cache.runtime.option_files import LikeSettings
from headstart.cache.runtime.options import arguments_of, number, option
from headstart.cache.runtime.output import OUTPUT, OutputSettings, QuietSettings

QUICK_ROWS = 512
MOST_SEEDS = 1000
"""All seeds are trained together: more would not fit into any memory."""
ON_LAYERS = "avg,maxavg"
"""Heads of `bench.py layers`."""
ROWS, ADVANCED = "splits", "advanced"


def size(text: str) -> int:
    """Parse bytes."""
    from headstart.train.feeds.memory import parse_bytes

    try:
        return parse_bytes(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


@dataclasses.dataclass(frozen=True)
class ComparisonSettings:
    """Settings of one comparison; each field says itself what it is."""

    heads: str = option("all", "names of heads, separated by commas", listed=True)
    cache: str | None = option(
        None,
        "folder of the features, beginning of its name, or newest (default: the only one there is)",
        repeats=False,
    )
    cache_dir: str = option("features", "folder or s3:// prefix of the caches", repeats=False)
    seeds: int = option(1, "seeds per head", parse=number(1, MOST_SEEDS))
    epochs: int = option(50, "at most", parse=number(1))
    batch_size: int = option(128, "rows", parse=number(1), group=ADVANCED)
    out: str = option("results", "folder of the results", repeats=False)
    quick: bool = option(False, f"try the whole path: 1 epoch on {QUICK_ROWS} rows")
    notebook: bool = option(
        False,
        "as the notebook did, which this project follows: no masks, on a cache of --layout padded; --batching exact",
        group=ADVANCED,
    )
    batching: Literal["bucket", "exact"] = option(
        "bucket", "rows of like length in a batch, or plainly shuffled", group=ADVANCED
    )
    precision: Literal["auto", "float32", "bfloat16"] = option(
        "auto",
        "operands of the large matmuls, which add up in float32; auto: bfloat16 where that is faster",
        group=ADVANCED,
    )
    memory: Literal["auto", "device", "host", "stream"] = option(
        "auto", "where the features live", group=ADVANCED
    )
    memory_limit: int | None = option(
        None, "features held at most, like 4GB (default: half of what is free)", parse=size, group=ADVANCED
    )
    resume: bool = option(
        False,
        "insist on the state of a stopped run, from which the same command goes on anyway",
        group=ADVANCED,
        repeats=False,
    )
    fresh: bool | None = option(None, "train anew, whatever state the same command has left", repeats=False)
    folds: int = option(0, "test every row once (default: off)", parse=number(2), metavar="K", group=ROWS)
    class_weight: Literal["none", "balanced"] = option("none", "weight of each class in the training loss")
    deduplicate: bool = option(
        False, "leave out rows of earlier splits whose text is also in a later one", group=ROWS
    )
    no_floors: bool = option(False, "leave out the baselines that are logistic regressions", group=ADVANCED)
    json: bool = option(False, "print results.json instead of the table", group=OUTPUT, repeats=False)
    log: str | None = option(
        None,
        "tensorboard, mlflow, wandb, or several: send them the numbers of each epoch",
        metavar="LOGGERS",
        listed=True,
        group=OUTPUT,
        repeats=False,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunSettings(OutputSettings):
    """Which runs are looked at."""

    runs: list[str] = option(
        dataclasses.MISSING,
        "folder that bench.py wrote, like results/CACHE",
        positional=True,
        nargs="+",
        metavar="RESULTS",
    )


def options_of_run(path: str, chosen: Collection[str]) -> dict[str, Any]:
    """The options of a run that bench.py has written, see `CommandLine.like`: places are the user's to choose.

    Raises:
        UserError: there is no run.
    """
    place = os.path.join(path, "results.json")
    try:
        content = json.loads(read_text(place))
        settings, cache = content["settings"], content["cache"]["location"]
    except OSError as error:
        raise UserError(f"--like {path}: there is no run of bench.py ({place}: {error.strerror})") from None
    except (ValueError, RecursionError, KeyError, TypeError):
        settings = None
    if not isinstance(settings, dict):
        raise UserError(f"{place} holds no settings of a run")
    every = [a for a in arguments_of(ComparisonSettings) if a.about.repeats]
    values = {a.name: settings.get(a.name) for a in every if settings.get(a.name) not in (None, a.default)}
    return values | ({"cache": cache} if isinstance(cache, str) and os.path.isdir(cache) else {})


def heads_on_layers(path: str, chosen: Collection[str]) -> dict[str, Any]:
    """Likewise, for a command that puts each head on every layer itself."""
    values = options_of_run(path, chosen)
    names = [head.partition("@")[0] for head in str(values.get("heads", "")).split(",")]
    return values | ({"heads": ",".join(dict.fromkeys(names))} if "heads" in values else {})


def command_lines(heads: Sequence[str], pooling: Sequence[str], about: str) -> dict[str, CommandLine]:
    """The command lines of `bench.py` and of its subcommands.

    Args:
        heads: Names of all heads.
        pooling: Names of those that can stand on any layer.
        about: What `bench.py` does.
    """
    names = f"{', '.join(heads)}; avg@3, avg@last, avg@all: of any pooling head on a layer, on all"
    on_layers = f"all, or some of: {', '.join(pooling)}"
    return {
        "": CommandLine(
            "python bench.py",
            about,
            (ComparisonSettings, QuietSettings, LikeSettings),
            {"heads": {"help": f"all, more, or some of: {names}"}, "like": {"metavar": "RUN"}},
            (
                "python bench.py --heads all",
                "python bench.py --heads avg,gru --seeds 5 --folds 5",
                "python bench.py --cache features/NAME --quick",
            ),
            options_of_run,
        ),
        "layers": CommandLine(
            "python bench.py layers",
            "Train heads on every layer of a cache and on all layers together, and choose the layer by validation "
            "rows.",
            (ComparisonSettings, QuietSettings, LikeSettings),
            {"heads": {"help": on_layers, "default": ON_LAYERS}, "like": {"metavar": "RUN"}},
            (
                "python bench.py layers",
                "python bench.py layers --heads maxavg --seeds 3 --folds 5",
                "python bench.py layers --cache features/NAME --json",
            ),
            heads_on_layers,
        ),
        "compare": CommandLine(
            "python bench.py compare",
            "Put finished runs side by side.",
            (RunSettings,),
            examples=(
                "python bench.py compare results/NAME results/OTHER",
                "python bench.py compare results/*",
                "python bench.py compare results/* --json",
            ),
        ),
        "verify": CommandLine(
            "python bench.py verify",
            "Prove that runs are as they were written: every head, the predictions, the table.",
            (RunSettings,),
            examples=(
                "python bench.py verify results/NAME",
                "python bench.py verify results/*",
                "python bench.py verify results/NAME results/OTHER",
            ),
        ),
    }
