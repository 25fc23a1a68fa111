"""Train heads on cached features and compare them: table, plots, report, results as CSV and JSON.

`python bench.py layers` trains heads on every layer of the encoder and chooses one,
`python bench.py compare RESULTS RESULTS ...` puts finished runs side by side, and
`python bench.py verify RESULTS` proves that a run is as it was written.
"""

import contextlib
import dataclasses
import importlib
import os
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from headstart.cache.runtime.command_line import choose
from headstart.cache.runtime.environment import prepare_jax
from headstart.cache.runtime.errors import exit_code
from headstart.cache.runtime.output import QuietSettings, remarks, say_json, say_next
from headstart.cache.runtime.progress import TerminalReporter
from headstart.cache.runtime.text import printable, say
from headstart.finished_runs import compare_runs, verify_runs
from headstart.heads.registry import GROUPS, HEADS, REGISTRY
from headstart.heads.spec import POOLING, HeadSpec, in_table_order, spec_of
from headstart.train.head_names import choose_heads, choose_pooling, on_every_layer, states_of, trainable
from headstart.train.options import (
    QUICK_ROWS,
    ComparisonSettings,
    command_lines,
)

if TYPE_CHECKING:  # at run time these are imported once the arguments are known to be sound
    from headstart.cache.reader import Cache
    from headstart.train.data.folds import Rounds
    from headstart.train.data.split import Split
    from headstart.train.engine.compiled_epochs import CompiledEpochs
    from headstart.train.report.loggers import RunReporter
    from headstart.train.results.folder import RunFolder
    from headstart.train.results.outcome import Outcome, TrainedHeads
    from headstart.train.results.provenance import Experiment
    from headstart.train.results.run_record import RunRecord

COMMAND_LINES = command_lines(tuple(REGISTRY), POOLING, __doc__ or "")


def main() -> None:
    """Run the command."""
    name, arguments = choose("python bench.py", "", COMMAND_LINES, sys.argv[1:], first_step)
    settings, *others = COMMAND_LINES[name].parse(arguments)
    if command := {"compare": compare_runs, "verify": verify_runs}.get(name):
        command(settings)
    else:
        train(settings, others[0], on_layers=name == "layers")


def first_step() -> tuple[str, list[str]]:
    """What to begin with: the newest cache's heads, or a cache."""
    from headstart.cache.inspect.choice import newest
    from headstart.cache.inspect.listing import find_caches

    if cache := newest(find_caches(ComparisonSettings.cache_dir), finished=True):
        return "train heads on the newest cache", ["python", "bench.py", "--heads", "all", "--cache", cache]
    return "make a cache of the bundled film reviews", ["python", "-m", "extract", "--split", "all"]


def train(settings: ComparisonSettings, output: QuietSettings, on_layers: bool) -> None:
    """Train heads on a cache, and compare them.

    Args:
        settings: What the user chose.
        output: Whether remarks are printed.
        on_layers: Whether each head is trained on every layer.
    """
    # a misspelt name is told before anything is opened
    names = (choose_pooling if on_layers else choose_heads)(settings.heads, GROUPS, POOLING)
    prepare_jax()
    from headstart.cache.inspect.choice import chosen_cache
    from headstart.cache.reader import open_cache

    cache = open_cache(chosen_cache(settings.cache, settings.cache_dir))
    chosen = settings
    if on_layers:
        settings = dataclasses.replace(settings, heads=on_every_layer(names, cache))
    with remarks(output.quiet):
        with TerminalReporter(apart=True).phase("loading JAX and scikit-learn", logged=False):
            importlib.import_module("headstart.training")  # which all that follows needs
            from headstart.train.report.next_steps import next_steps
            from headstart.train.report.terminal import TerminalRun

        run, path = compare(cache, settings, TerminalRun(settings.epochs))
    if settings.json:
        say_json(run.to_json())
    else:
        say(f"\n{run.table}\n\nwritten to {printable(path)}/")
        with remarks(output.quiet):
            prog = COMMAND_LINES["layers" * on_layers].prog
            for step in next_steps(run, path, chosen, cache.store.location, prog):
                say_next(step.about, *step.words)


def compare(cache: "Cache", settings: ComparisonSettings, reporter: "RunReporter") -> "tuple[RunRecord, str]":
    """Train heads with all seeds together, on the cache's splits or in folds; compare them, and write everything.

    Args:
        cache: The features.
        settings: What the user chose; `cache`, `cache_dir` and `json` are not looked at.
        reporter: Takes what there is to tell while it runs.

    Returns:
        What was found, and the folder that holds it.

    Raises:
        UserError: cache and settings do not fit, or the folder of the results cannot be written.
    """
    from headstart.train.data.folds import open_rounds
    from headstart.train.report.loggers import require_loggers
    from headstart.train.results.places import place_of
    from headstart.train.results.provenance import describe
    from headstart.train.results.run_lock import held

    loggers = require_loggers(settings.log or "")
    experiment = design(cache, settings, reporter)
    folder, elsewhere = place_of(experiment)
    most = QUICK_ROWS if settings.quick else None
    with reporter.phase("reading labels and texts"):
        rounds = open_rounds(cache, settings.folds, most, settings.deduplicate)
    strangers = folder.prepare()
    with held(folder.path):
        stay = f"not written by bench.py, and left as they are: {', '.join(strangers)}" if strangers else ""
        for line in filter(None, [elsewhere, stay, *describe(experiment, rounds)]):
            reporter.log(line)
        with reported(reporter, loggers, experiment.settings, folder.path) as everybody:
            return train_and_write(experiment, rounds, folder, everybody), folder.path


@contextlib.contextmanager
def reported(
    reporter: "RunReporter", loggers: Sequence[str], settings: ComparisonSettings, path: str
) -> "Iterator[RunReporter]":
    """A reporter and loggers as one, which are closed whatever happens."""
    from headstart.train.report.loggers import LoggedRun, RunReporters, open_loggers
    from headstart.train.results.provenance import shared_settings

    run = LoggedRun(os.path.basename(path), os.path.dirname(path), vars(shared_settings(settings)))
    everybody = RunReporters([reporter, *open_loggers(loggers, run)])
    try:
        yield everybody
    finally:
        everybody.close()


def train_and_write(
    experiment: "Experiment", rounds: "Rounds", folder: "RunFolder", reporter: "RunReporter"
) -> "RunRecord":
    """Train and compare heads; an older run's results stay until all new ones are written."""
    from headstart.train.report.html.page import Names, render
    from headstart.train.report.layers import tables
    from headstart.train.results.layers import layers_of
    from headstart.train.results.outcome import judge
    from headstart.train.results.provenance import record_run
    from headstart.training import inference

    start = time.perf_counter()
    trained = list(train_rounds(experiment, rounds, folder.path, reporter))
    with reporter.phase("resampling the test rows for intervals and tests"):
        outcome = judge(experiment.cache.task, trained, rounds.tested, [fold.test for fold in rounds.folds])
        layers = layers_of(experiment.cache, trained)
    states, _ = states_of(experiment.cache.recipe)
    with reporter.phase("timing how fast each head answers"):
        took = inference(trained[-1], specs_of(experiment.cache, experiment.heads), states)
    record = dataclasses.replace(
        record_run(experiment, trained, outcome, took, start, folder.path), leaks=rounds.leaks, layers=layers
    )
    titles = {spec.name: spec.title for spec in specs_of(experiment.cache, experiment.heads)}
    with reporter.phase("writing heads, plots and the report"), folder.replaced() as fresh:
        save(fresh, trained, outcome, titles)
        run = dataclasses.replace(record, table=tables(record, titles), digests=fresh.digests)
        fresh.save_record(run, titles)
        names = Names(titles, {name: head.title for name, head in HEADS.items()})
        fresh.write("report.html", render(run, names, outcome.predictions["test"], rounds.tested.texts))
    reporter.end(run.results)
    return run


def save(
    folder: "RunFolder", trained: "Sequence[TrainedHeads]", outcome: "Outcome", titles: dict[str, str]
) -> None:
    """Write heads and answers."""
    for heads in trained:
        for (name, seed), fitted in heads.fitted.items():
            folder.save_head(name, seed, fitted, titles[name], heads.fold)
    for split, arrays in outcome.predictions.items():
        folder.save_predictions(split, arrays)


def design(cache: "Cache", settings: ComparisonSettings, reporter: "RunReporter") -> "Experiment":
    """What is compared: the heads that were asked for, as far as the cache can train them.

    Raises:
        UserError: a head is unknown, or the cache does not fit the settings.
    """
    from headstart.train.data.open import check_notebook
    from headstart.train.results.provenance import Experiment

    check_notebook(cache, settings.notebook)
    names = in_table_order(choose_heads(settings.heads, GROUPS, POOLING))
    heads, left_out = trainable(specs_of(cache, names), settings.heads, cache, POOLING)
    for line in left_out:
        reporter.log(line)
    settings = dataclasses.replace(settings, epochs=1) if settings.quick else settings
    settings = dataclasses.replace(settings, batching="exact") if settings.notebook else settings
    return Experiment(cache, [head.name for head in heads], settings)


def specs_of(cache: "Cache", names: Sequence[str]) -> list[HeadSpec]:
    """The heads of these names on the layers of a cache."""
    return [spec_of(name, *states_of(cache.recipe)) for name in names]


def train_rounds(
    experiment: "Experiment", rounds: "Rounds", folder: str, reporter: "RunReporter"
) -> "Iterator[TrainedHeads]":
    """Train the heads of each round; their states go to a folder."""
    compiled, settings = None, experiment.settings
    for number, splits in enumerate(rounds.splits, start=1):
        fold = number if rounds.folds else None
        if fold:
            reporter.log(f"fold {fold} of {settings.folds}")
        heads = train_heads(experiment, splits, folder, fold, compiled, reporter)
        # balanced weights are the fold's, and compiled in
        compiled = None if settings.class_weight == "balanced" else heads.trainer.compiled
        yield heads


def train_heads(
    experiment: "Experiment",
    splits: "dict[str, Split]",
    folder: str,
    fold: int | None,
    compiled: "CompiledEpochs | None",
    reporter: "RunReporter",
) -> "TrainedHeads":
    """Train all heads with all seeds together, and read the test rows once."""
    from headstart.heads.modules import first_params
    from headstart.train.results.baselines import all_baselines
    from headstart.train.results.outcome import TrainedHeads
    from headstart.train.results.provenance import facts, memory_line
    from headstart.training import open_trainer

    start, (cache, names, settings) = time.perf_counter(), experiment
    specs = specs_of(cache, names)
    with reporter.phase("reading the features"):
        trainer = open_trainer(experiment, specs, splits, compiled)
    if fold in (None, 1):
        reporter.log(memory_line(trainer))
    depends = facts(experiment, trainer) | ({"folds": settings.folds, "fold": fold} if fold else {})
    params = first_params(specs, splits["train"].width, settings.seeds, cache.task.outputs)
    with reporter.phase(f"compiling {len(specs)} heads for the first epoch"):
        progress = trainer.train(
            params,
            os.path.join(folder, "state", *([f"fold-{fold}"] if fold else [])),
            depends,
            not settings.fresh,
            lambda progress, active: reporter.epoch(fold, progress, active),
            lambda epochs, over: reporter.log(resumed(epochs, over)) if epochs else None,
        )
    seconds = time.perf_counter() - start
    with reporter.phase("answering validation and test rows"):
        logits = trainer.predict(progress, {name: splits[name] for name in ("valid", "test")})
    with reporter.phase("fitting the baselines"):
        baselines = all_baselines(cache.task, splits, logistic=not settings.no_floors)
    return TrainedHeads(
        splits, trainer, progress, trainer.results(progress), logits, baselines, seconds, fold
    )


def resumed(epochs: int, over: bool) -> str:
    """Say that a run goes on from a state on disk, or that nothing is left to train."""
    if over:
        return f"going on behind epoch {epochs}, the last: nothing is left but to test; --fresh trains anew"
    return f"going on behind epoch {epochs} of a run that was stopped; --fresh begins anew"


def run() -> None:
    """Run the command, and end the process with its exit code."""
    sys.exit(exit_code(main, "the same command goes on from the last state on disk"))
