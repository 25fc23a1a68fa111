"""`python -m extract`: run the frozen encoder over a data set once and cache its hidden states.

The encoder is also called the backbone. The notebook, after which some settings are named, is the published tutorial
that trained ten heads on a frozen DistilBERT, and that this project follows.
"""

import dataclasses
import glob
import os
import shlex
import sys
from collections.abc import Collection
from typing import Any

from headstart.cache.runtime.command_line import CommandLine, choose, filled
from headstart.cache.runtime.environment import prepare_jax
from headstart.cache.runtime.errors import UserError, exit_code
from headstart.cache.runtime.option_files import LikeSettings, flags_of
from headstart.cache.runtime.options import number, option
from headstart.cache.runtime.output import OutputSettings, remarks, say_json, say_next
from headstart.cache.runtime.progress import Reporter, TerminalReporter, command_phase
from headstart.cache.runtime.text import printable, say
from headstart.extract.settings import SAMPLES, Settings


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


REMOTE = ("data", "valid_data", "test_data", "backbone")
"""What may lie elsewhere: a received cache names nothing that is then downloaded."""


def options_of_cache(path: str, chosen: Collection[str]) -> dict[str, Any]:
    """The options of the command that made a cache, see `CommandLine.like`: places of results are the user's to choose.

    Raises:
        UserError: there is no cache, or its data or backbone would be downloaded.
        SystemExit: its command is none.
    """
    from headstart.cache.reader import open_cache
    from headstart.extract.checkpoint.checkpoint import BUNDLED

    line = CommandLine(EXTRACT.prog, "", (Settings,))
    parser = line.parser(add_help=False)
    parser.place = path
    flags = flags_of(str(open_cache(path).manifest.source.get("command", "")))
    settings = filled(Settings, parser.parse_args(flags))
    values = {a.name: getattr(settings, a.name) for a in line.arguments if a.about.repeats}
    values = {name: value for name, value in values.items() if value != getattr(Settings, name)}
    if settings.data in SAMPLES and "data" in chosen:
        values.setdefault("backbone", BUNDLED)  # which other data do not have by default
    for name in set(REMOTE) & set(values) - set(chosen):
        places = values[name] if isinstance(values[name], tuple) else (values[name],)
        if missing := [place for place in places if place != BUNDLED and _is_elsewhere(place)]:
            flag = f"--{name.replace('_', '-')}"
            raise UserError(
                f"{path} was made of {flag} {missing[0]}, which is not here, and --like downloads nothing; "
                f"name it yourself: {flag} {shlex.quote(missing[0])}"
            )
    return values


def _is_elsewhere(place: str) -> bool:
    """Whether data or a backbone are no file or folder here."""
    return place not in SAMPLES and not glob.glob(place) and not os.path.exists(place)


EXTRACT = CommandLine(
    "python -m extract",
    __doc__ or "",
    (Settings, AskSettings, OutputSettings, LikeSettings),
    {"like": {"metavar": "CACHE"}},
    (
        "python -m extract --split all",
        "python -m extract --data comments.csv --text-column comment --label-column toxic",
        "python -m extract --data train.parquet --test-data test.parquet --preview 5",
    ),
    options_of_cache,
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
FINISH = CommandLine(
    "python -m extract finish",
    "Prove that all workers' units are there, and write the manifest; the last worker does so by itself.",
    (Settings, OutputSettings, LikeSettings),
    {"like": {"metavar": "CACHE"}},
    (
        "python -m extract finish --data 'big/*.parquet' --split-rule stable",
        "python -m extract finish --data comments.jsonl --split-rule stable --class-names ham,spam",
        "python -m extract finish --data 'big/*.parquet' --split-rule stable --cache-dir s3://bucket/features",
    ),
    options_of_cache,
)
PLAN = CommandLine(
    "python -m extract plan",
    "Say how the data divide into units for --worker, and what they will take.",
    (Settings, OutputSettings, LikeSettings),
    {"like": {"metavar": "CACHE"}},
    (
        "python -m extract plan --data 'big/*.parquet' --split-rule stable",
        "python -m extract --data 'big/*.parquet' --split-rule stable --worker 0/4",
        "python -m extract --data 'big/*.parquet' --split-rule stable --worker auto",
    ),
    options_of_cache,
)
COMMAND_LINES = {"": EXTRACT, "plan": PLAN, "finish": FINISH, "prepare jigsaw": JIGSAW}


def main() -> None:
    """Run the command."""
    sample = "try it on the bundled film reviews", ["python", "-m", "extract", "--split", "all"]
    name, arguments = choose(EXTRACT.prog, EXTRACT.about, COMMAND_LINES, sys.argv[1:], lambda: sample)
    settings, *others = COMMAND_LINES[name].parse(arguments)
    commands: dict[str, Any] = {"": extract_features, "plan": plan_units, "finish": finish_units}
    command: Any = commands.get(name, prepare_data)
    command(settings, *others)


def prepare_data(settings: PrepareSettings, output: OutputSettings) -> None:
    """Make a data file of a public one."""
    from headstart.extract.dataset.jigsaw import prepare_jigsaw

    with command_phase(f"reading {settings.train}", output.quiet):
        line = prepare_jigsaw(settings.train, settings.output, settings.seed)
    if output.json:
        say_json({"path": settings.output, "lines": [line]})
    else:
        say(line)
    if output.talks:
        say_next("run the encoder over it", "python", "-m", "extract", "--data", settings.output)


def plan_units(settings: Settings, output: OutputSettings, *_: LikeSettings) -> None:
    """Say how the data divide into units."""
    prepare_jax()
    with command_phase("reading footers and first rows", output.quiet):
        from headstart.extract.units.forecast import forecast
        from headstart.extract.units.job import prepare_units

        plan = forecast(prepare_units(settings))
    if output.json:
        say_json(plan.to_json())
    else:
        say("\n".join(plan.lines()))


def extract_share(settings: Settings, reporter: Reporter) -> tuple[str, bool]:
    """Compute a worker's units; returns the cache's location, and whether all units are there."""
    from headstart.extract.units.finish import finish_if_last
    from headstart.extract.units.work import work

    job = work(settings, reporter)
    return job.job.location, finish_if_last(job, reporter)


def job_of_workers(settings: Settings) -> Any:
    """The job of which a worker computes a part."""
    from headstart.extract.units.job import prepare_units

    return prepare_units(settings).job


def finish_units(settings: Settings, output: OutputSettings, *_: LikeSettings) -> None:
    """Write the manifest of a cache that workers have filled."""
    prepare_jax()
    from headstart.cache.inspect.listing import summary
    from headstart.cache.reader import open_cache
    from headstart.extract.units.finish import finish
    from headstart.extract.units.job import prepare_units

    with remarks(output.quiet, apart=output.quiet or output.json):
        job = prepare_units(settings)
        finish(job, TerminalReporter())
    if output.json:
        say_json(summary(open_cache(job.job.location)))
    else:
        say(printable(f"cache: {job.job.location}"))


def extract_features(settings: Settings, ask: AskSettings, output: OutputSettings, *_: LikeSettings) -> None:
    """Make a cache, or say what it would be."""
    prepare_jax()
    is_worker = settings.worker is not None
    with command_phase("loading pandas and tokenizers", output.quiet, logged=False):
        from headstart.cache.inspect.listing import summary
        from headstart.cache.reader import open_cache
        from headstart.extract.pipeline.job import prepare
        from headstart.extract.pipeline.run import extract
        from headstart.extract.preview import preview

    if ask.where or ask.preview:
        with command_phase("reading the data and hashing the encoder", output.quiet):
            job = job_of_workers(settings) if is_worker and ask.where else prepare(settings)
        lines = [] if ask.where else "\n".join(preview(job, ask.preview or 0)).split("\n")
        if output.json:
            say_json({"path": job.location, "key": job.recipe.key, "lines": lines})
        else:
            say("\n".join(lines) or printable(job.location))
        if ask.preview and output.talks:
            say_next("run the encoder over these rows", *shlex.split(settings.command))
        return

    reporter = TerminalReporter()
    with remarks(output.quiet, apart=output.quiet or output.json):
        if is_worker:
            location, finished = extract_share(settings, reporter)
        else:
            location, finished = extract(settings, reporter), True
    if output.json:
        say_json(summary(open_cache(location)) if finished else {"path": location, "finished": False})
    else:
        say(printable(f"cache: {location}" + ("" if finished else " (other workers' units are missing)")))
    if output.talks and settings.split == "all" and finished:
        bench = ["--notebook"] if settings.layout == "padded" else []
        say_next("train heads on it", "python", "bench.py", "--heads", "all", *bench, "--cache", location)


def run() -> None:
    """Run the command, and end the process with its exit code."""
    sys.exit(exit_code(main, "the same command continues from the blocks that are finished"))


if __name__ == "__main__":
    run()
