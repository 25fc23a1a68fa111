"""Train heads on cached features and compare them: table, plots, report, results as CSV and JSON.

`python bench.py compare RESULTS RESULTS ...` puts finished runs side by side.
"""

import dataclasses
import json
import os
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from headstart.cache.runtime.environment import prepare_jax
from headstart.cache.runtime.errors import exit_code
from headstart.heads import HEADS
from headstart.train.options import QUICK_ROWS, ComparisonSettings, parse_arguments, parse_compare

if TYPE_CHECKING:  # at run time these are imported once the arguments are known to be sound
    from headstart.cache.reader import Cache
    from headstart.train.data.folds import Folded
    from headstart.train.data.split import Split
    from headstart.train.engine.compiled_epochs import CompiledEpochs
    from headstart.train.engine.trainer import Trainer
    from headstart.train.results.folder import RunFolder
    from headstart.train.results.outcome import TrainedHeads

TITLES = {name: head.title for name, head in HEADS.items()}
POOLING = [name for name, head in HEADS.items() if not head.reads_tokens]


def main() -> None:
    """Run the command."""
    if sys.argv[1:2] == ["compare"]:
        compare_runs(sys.argv[2:])
        return
    settings = parse_arguments(tuple(HEADS), __doc__ or "")
    from headstart.train.selection import choose_heads, trainable

    names = choose_heads(settings.heads, tuple(HEADS))
    prepare_jax()
    from headstart.cache.inspect.listing import only_cache
    from headstart.cache.reader import open_cache
    from headstart.train.data.open import check_notebook
    from headstart.train.results.folder import RunFolder

    cache = open_cache(settings.cache or only_cache(settings.cache_dir))
    check_notebook(cache, settings.notebook)
    names, left_out = trainable(names, settings.heads, cache, POOLING)
    if left_out:
        say(left_out)
    settings = dataclasses.replace(settings, epochs=1) if settings.quick else settings
    settings = dataclasses.replace(settings, batching="exact") if settings.notebook else settings
    kind = f"-folds-{settings.folds}" * bool(settings.folds) + "-quick" * settings.quick
    folder = RunFolder(os.path.join(settings.out, cache.name + kind))
    run = (in_folds if settings.folds else once)(cache, names, settings, folder)
    print(json.dumps(run) if settings.json else f"\n{run['table']}\n\nwritten to {folder.path}/")


def compare_runs(arguments: list[str]) -> None:
    """Put finished runs side by side."""
    wanted = parse_compare(arguments)
    from headstart.train.report.compare import side_by_side
    from headstart.train.results.folder import RunFolder

    found, text = side_by_side([RunFolder(path.rstrip("/")) for path in wanted.runs])
    print(json.dumps(found) if wanted.json else text)


def once(
    cache: "Cache", names: list[str], settings: ComparisonSettings, folder: "RunFolder"
) -> dict[str, Any]:
    """Compare heads on the cache's own splits."""
    from headstart.train.data.checks import describe_leaks
    from headstart.train.data.open import open_splits

    splits, found = open_splits(cache, settings.deduplicate, QUICK_ROWS if settings.quick else None)
    folder.prepare()
    rows = ", ".join(f"{name} {len(split.labels):,}" for name, split in splits.items())
    say(f"{cache.name}: {rows} rows, {cache.task.kind}: {shown(cache.task.classes)}")
    say(describe_leaks(found, settings.deduplicate))
    return compare(cache, splits, names, settings, folder, found)


def in_folds(
    cache: "Cache", names: list[str], settings: ComparisonSettings, folder: "RunFolder"
) -> dict[str, Any]:
    """Compare heads on all rows of the cache, each of which one fold tests."""
    from headstart.train.data.checks import describe_leaks
    from headstart.train.data.folds import open_folds

    folded = open_folds(cache, settings.folds, QUICK_ROWS if settings.quick else None, settings.deduplicate)
    folder.prepare()
    own = folded.splits[0]
    rows = ", ".join(f"{name} {len(split.labels):,}" for name, split in own.items())
    total = f"{len(folded.tested.labels):,} rows in {settings.folds} folds ({rows})"
    say(f"{cache.name}: {total}, {cache.task.kind}: {shown(cache.task.classes)}")
    for line in (*folded.warnings, describe_leaks(folded.leaks, settings.deduplicate)):
        say(line)
    return compare_folds(cache, folded, names, settings, folder)


def say(line: str) -> None:
    """Tell a person, not a program that reads the table."""
    print(line, file=sys.stderr)


def shown(classes: Sequence[str]) -> str:
    """Names of classes, so many as fit in a line."""
    names = ", ".join(classes[:8])
    return f"{names}, ... ({len(classes):,} classes)" if len(classes) > 8 else names


def compare(
    cache: "Cache",
    splits: "dict[str, Split]",
    names: list[str],
    settings: ComparisonSettings,
    folder: "RunFolder",
    found: dict[str, int],
) -> dict[str, Any]:
    """Train all heads with all seeds together, read the test rows once, and write everything."""
    from headstart.train.report.write import write_run
    from headstart.train.results.outcome import judged

    start = time.perf_counter()
    own = train_heads(cache, splits, names, settings, os.path.join(folder.path, "state"))
    outcome = judged(cache.task, splits, own.fitted, own.logits, own.floors)
    folder.clear()
    for lane, fitted in own.fitted.items():
        folder.save_head(*lane, fitted, TITLES[lane[0]])
    outcome.save_predictions(folder, splits)
    run = {**outcome.to_json(), **described_run(cache, names, settings, [own], start), "leaks": found}
    return write_run(folder, outcome, run, splits["test"].texts, TITLES)


def compare_folds(
    cache: "Cache", folded: "Folded", names: list[str], settings: ComparisonSettings, folder: "RunFolder"
) -> dict[str, Any]:
    """Do so for every fold, and judge all rows together."""
    from headstart.train.report.write import write_run
    from headstart.train.results.cross_validation import by_fold, fold_lines, judge_folds

    start, compiled = time.perf_counter(), None
    trained: list[TrainedHeads] = []
    for number, splits in enumerate(folded.splits, start=1):
        say(f"fold {number} of {settings.folds}")
        place = os.path.join(folder.path, "state", f"fold-{number}")
        trained.append(own := train_heads(cache, splits, names, settings, place, number, compiled))
        # balanced weights are the fold's own, and compiled in
        compiled = None if settings.class_weight == "balanced" else own.trainer.compiled
        folder.clear()
        for lane, fitted in own.fitted.items():
            folder.save_head(*lane, fitted, TITLES[lane[0]], number)
    outcome, folds, valid = judge_folds(
        cache.task, folded.tested, [fold.test for fold in folded.folds], trained
    )
    outcome.save_predictions(folder, {"valid": valid, "test": folded.tested})
    spread = by_fold(outcome.results, folds)
    about = described_run(cache, names, settings, trained, start)
    run = {**outcome.to_json(), **about, "leaks": folded.leaks, "folds": spread}
    below = fold_lines(spread, settings.folds, cache.task.kind == "multilabel")
    return write_run(folder, outcome, run, folded.tested.texts, TITLES, folds, below)


def train_heads(
    cache: "Cache",
    splits: "dict[str, Split]",
    names: list[str],
    settings: ComparisonSettings,
    state: str,
    fold: int = 0,
    compiled: "CompiledEpochs | None" = None,
) -> "TrainedHeads":
    """Train all heads with all seeds together, and read the test rows once."""
    from headstart.heads.modules import first_params
    from headstart.train.report.epoch_line import EpochLine
    from headstart.train.results.baselines import all_floors
    from headstart.train.results.outcome import TrainedHeads
    from headstart.train.results.provenance import facts, memory_line

    start = time.perf_counter()
    trainer = open_trainer(cache, splits, names, settings, compiled)
    if fold < 2:
        say(memory_line(trainer))
    width = splits["train"].width
    own = {"folds": settings.folds, "fold": fold} if fold else {}
    progress = trainer.train(
        first_params(names, width, settings.seeds, cache.task.outputs),
        state,
        {**facts(cache, names, settings, trainer), **own},
        settings.resume,
        EpochLine(settings.epochs),
        lambda epochs: say(
            f"going on behind epoch {epochs}" if epochs else "nothing to resume: from the start"
        ),
    )
    seconds = time.perf_counter() - start
    logits = trainer.predict(progress, {name: splits[name] for name in ("valid", "test")})
    floors = all_floors(cache.task, splits, logistic=not settings.no_floors)
    return TrainedHeads(splits, trainer, progress, trainer.loop.results(progress), logits, floors, seconds)


def open_trainer(
    cache: "Cache",
    splits: "dict[str, Split]",
    names: list[str],
    settings: ComparisonSettings,
    compiled: "CompiledEpochs | None" = None,
) -> "Trainer":
    """Put heads and features together."""
    from headstart.heads.fused.fused_heads import groups_of
    from headstart.train.engine.settings import TrainingSettings
    from headstart.train.engine.trainer import HeadsToTrain, Trainer
    from headstart.train.results.provenance import choose_operands

    operands = choose_operands(settings)
    longest = max(int(split.lengths.max()) for split in splits.values())
    pooled = [name in POOLING for name in names]
    return Trainer(
        HeadsToTrain(
            groups_of(names, longest, operands),
            {name: HEADS[name].learning_rate for name in names},
            not all(pooled),
            any(pooled),
            operands == "bfloat16",
        ),
        splits,
        TrainingSettings(
            settings.epochs,
            settings.batch_size,
            settings.seeds,
            settings.batching,
            memory=settings.memory,
            memory_limit=settings.memory_limit,
            balanced=settings.class_weight == "balanced",
        ),
        cache.task,
        compiled,
    )


def described_run(
    cache: "Cache",
    names: list[str],
    settings: ComparisonSettings,
    trained: "list[TrainedHeads]",
    start: float,
) -> dict[str, Any]:
    """What a run was made with, and what it took."""
    from headstart.heads.fused.fused_heads import groups_of
    from headstart.train.results.provenance import inference_seconds, made_with

    last = trained[-1]
    longest = int(last.splits["test"].lengths.max())
    alone = [group for name in names for group in groups_of([name], longest, "float32")]
    timed = inference_seconds(alone, POOLING, last.splits["test"], last.progress)
    return made_with(cache, settings, trained, timed, start)


def run() -> None:
    """Run the command, and end the process with its exit code."""
    sys.exit(exit_code(main, "go on from the last state on disk with the same command and --resume"))
