"""`python -m extract`: run the frozen backbone over a data set once and cache its hidden states."""

import dataclasses
import sys

from headstart.cache.runtime.command_line import CommandLine, choose
from headstart.cache.runtime.environment import prepare_jax
from headstart.cache.runtime.errors import exit_code
from headstart.cache.runtime.options import number, option
from headstart.cache.runtime.output import OutputSettings, remarks, say_json
from headstart.cache.runtime.text import printable, say
from headstart.extract.settings import Settings


@dataclasses.dataclass(frozen=True)
class AskSettings:
    """What to say in place of running."""

    where: bool = option(False, "only say where the cache lies or would lie", repeats=False)
    preview: int | None = option(
        None,
        "only show so many rows, cleaned and as tokens (default: off)",
        parse=number(1),
        metavar="N",
        repeats=False,
    )


@dataclasses.dataclass(frozen=True)
class PrepareSettings:
    """What `prepare jigsaw` reads and writes."""

    train: str = option(
        dataclasses.MISSING, "Kaggle's train.csv, plain or as .zip or .gz", positional=True, metavar="TRAIN"
    )
    output: str = option("preprocessed.csv", "file to write", short="-o")
    seed: int = option(42, "seed of the draw of other comments", parse=number(0, 2**32 - 1))


EXTRACT = CommandLine(
    "python -m extract",
    __doc__ or "",
    (Settings, AskSettings, OutputSettings),
    examples=(
        "python -m extract --split all",
        "python -m extract --data comments.csv --text-column comment --label-column toxic",
        "python -m extract --data train.parquet --test-data test.parquet --preview 5",
    ),
)
JIGSAW = CommandLine(
    "python -m extract prepare jigsaw",
    "Make the notebook's balanced file from Kaggle's train.csv.",
    (PrepareSettings, OutputSettings),
    examples=(
        "python -m extract prepare jigsaw train.csv",
        "python -m extract prepare jigsaw train.csv.zip -o balanced.csv",
        "python -m extract --data balanced.csv",
    ),
)
COMMAND_LINES = {"": EXTRACT, "prepare jigsaw": JIGSAW}


def main() -> None:
    """Run the command."""
    name, arguments = choose(EXTRACT.prog, EXTRACT.about, COMMAND_LINES, sys.argv[1:])
    settings, *others = COMMAND_LINES[name].parse(arguments)
    (prepare_data if name else extract_features)(settings, *others)


def prepare_data(settings: PrepareSettings, output: OutputSettings) -> None:
    """Make a data file of a public one."""
    from headstart.extract.dataset.jigsaw import prepare_jigsaw

    line = prepare_jigsaw(settings.train, settings.output, settings.seed)
    if output.json:
        say_json({"path": settings.output, "lines": [line]})
    else:
        say(line)


def extract_features(settings: Settings, ask: AskSettings, output: OutputSettings) -> None:
    """Make a cache, or say what it would be."""
    prepare_jax()
    from headstart.cache.inspect.listing import summary
    from headstart.cache.reader import open_cache
    from headstart.cache.runtime.progress import TerminalReporter
    from headstart.extract.pipeline.job import prepare
    from headstart.extract.pipeline.run import extract
    from headstart.extract.preview import preview

    if ask.where or ask.preview:
        job = prepare(settings)
        lines = [] if ask.where else "\n".join(preview(job, ask.preview or 0)).split("\n")
        if output.json:
            say_json({"path": job.location, "key": job.recipe.key, "lines": lines})
        else:
            say("\n".join(lines) or printable(job.location))
        return

    with remarks(output.quiet, apart=output.quiet or output.json):
        location = extract(settings, TerminalReporter())
    if output.json:
        say_json(summary(open_cache(location)))
    else:
        say(printable(f"cache: {location}"))


def run() -> None:
    """Run the command, and end the process with its exit code."""
    sys.exit(exit_code(main, "the same command continues from the blocks that are finished"))


if __name__ == "__main__":
    run()
