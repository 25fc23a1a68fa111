"""Train heads on cached features and compare them: table, plots, report, results as CSV and JSON.

`python bench.py compare RESULTS RESULTS ...` puts finished runs side by side.
"""

import argparse
import dataclasses
import difflib
import json
import os
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

from cache.environment import prepare_jax
from cache.errors import UserError, exit_code
from heads import HEADS
from train.options import QUICK_ROWS, Settings, parse_arguments

if TYPE_CHECKING:  # at run time these are imported once the arguments are known to be sound
    from cache.reader import Cache
    from heads.joint import Joint
    from train.fit import FitResult, Lane, Progress
    from train.floors import Floor
    from train.fold_splits import Folded
    from train.folder import RunFolder
    from train.job import Job
    from train.outcome import Outcome
    from train.seeds import Passes
    from train.some_rows import Readable


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
        say(line)
    return kept


def main() -> None:
    """Run the command."""
    if sys.argv[1:2] == ["compare"]:
        compare_runs(sys.argv[2:])
        return
    settings = parse_arguments(tuple(HEADS), __doc__ or "")
    names = choose_heads(settings.heads)
    prepare_jax()
    from cache.listing import only_cache
    from cache.reader import open_cache
    from train.folder import RunFolder
    from train.opened import check_notebook

    cache = open_cache(settings.cache or only_cache(settings.cache_dir))
    check_notebook(cache, settings.notebook)
    names = trainable(names, settings.heads, cache)
    settings = dataclasses.replace(settings, epochs=1) if settings.quick else settings
    settings = dataclasses.replace(settings, batching="exact") if settings.notebook else settings
    kind = f"-folds-{settings.folds}" * bool(settings.folds) + "-quick" * settings.quick
    folder = RunFolder(os.path.join(settings.out, cache.name + kind))
    run = (in_folds if settings.folds else once)(cache, names, settings, folder)
    print(json.dumps(run) if settings.json else f"\n{run['table']}\n\nwritten to {folder.path}/")


def once(cache: "Cache", names: list[str], settings: Settings, folder: "RunFolder") -> dict[str, Any]:
    """Compare heads on the cache's own splits."""
    from train.leaks import describe_leaks

    splits, found = load_splits(cache, settings)
    folder.prepare()
    rows = ", ".join(f"{name} {len(split.labels):,}" for name, split in splits.items())
    say(f"{cache.name}: {rows} rows, {cache.task.kind}: {shown(cache.task.classes)}")
    say(describe_leaks(found, settings.deduplicate))
    return compare(cache, splits, names, settings, folder, found)


def in_folds(cache: "Cache", names: list[str], settings: Settings, folder: "RunFolder") -> dict[str, Any]:
    """Compare heads on all rows of the cache, each of which one fold tests."""
    from train.fold_splits import open_folds
    from train.leaks import describe_leaks

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


def compare_runs(arguments: list[str]) -> None:
    """Put finished runs side by side."""
    parser = argparse.ArgumentParser(
        prog="python bench.py compare", description="Put finished runs side by side.", allow_abbrev=False
    )
    parser.add_argument(
        "runs", nargs="+", metavar="RESULTS", help="folder that bench.py wrote, like results/CACHE"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table (default: off)")
    wanted = parser.parse_args(arguments)
    from train.folder import RunFolder
    from train.side_by_side import side_by_side

    found, text = side_by_side([RunFolder(path.rstrip("/")) for path in wanted.runs])
    print(json.dumps(found) if wanted.json else text)


def load_splits(cache: "Cache", settings: Settings) -> "tuple[dict[str, Readable], dict[str, int]]":
    """Open the three splits, whose arrays are read when a head first asks for them, and count leaks."""
    from train.labels import require_labels
    from train.leaks import leaks, unleaked
    from train.opened import open_split
    from train.some_rows import SomeRows, first_rows
    from train.views import each

    splits = {name: open_split(cache, name) for name in ("train", "valid", "test")}
    texts = {name: split.texts for name, split in splits.items()}
    found = leaks(texts)
    if settings.deduplicate and any(found.values()):
        splits = {name: each(splits[name], SomeRows, kept) for name, kept in unleaked(texts).items()}
    if settings.quick:
        splits = {name: each(split, first_rows, QUICK_ROWS) for name, split in splits.items()}
    for name, split in splits.items():
        try:
            require_labels(split.labels, name, cache.task)
        except ValueError as error:
            raise UserError(f"the cache {cache.name} cannot be used: {error}") from None
    return {name: splits[name] for name in ("train", "valid", "test")}, found


def compare(
    cache: "Cache",
    splits: "dict[str, Readable]",
    names: list[str],
    settings: Settings,
    folder: "RunFolder",
    found: dict[str, int],
) -> dict[str, Any]:
    """Train all heads with all seeds together, read the test rows once, and write everything."""
    from train.outcome import judged

    start = time.perf_counter()
    own = train_heads(cache, splits, names, settings, os.path.join(folder.path, "state"))
    outcome = judged(cache.task, splits, own.fitted, own.logits, own.floors)
    for lane, fitted in own.fitted.items():
        folder.save_head(*lane, fitted, HEADS[lane[0]].title)
    outcome.save_predictions(folder, splits)
    run = {**outcome.to_json(), **described_run(cache, names, settings, [own], start), "leaks": found}
    return write_run(folder, outcome, run, splits["test"].texts)


def compare_folds(
    cache: "Cache", folded: "Folded", names: list[str], settings: Settings, folder: "RunFolder"
) -> dict[str, Any]:
    """Do so for every fold, and judge all rows together."""
    from train.out_of_fold import Round, by_fold, fold_lines, judge_folds

    start, trained, passes = time.perf_counter(), list[Trained](), None
    for number, splits in enumerate(folded.splits, start=1):
        say(f"fold {number} of {settings.folds}")
        place = os.path.join(folder.path, "state", f"fold-{number}")
        trained.append(own := train_heads(cache, splits, names, settings, place, number, passes))
        # balanced weights are the fold's own, and compiled in
        passes = None if settings.class_weight == "balanced" else own.job.passes
        for lane, fitted in own.fitted.items():
            folder.save_head(*lane, fitted, HEADS[lane[0]].title, number)
    rounds = [
        Round(fold.test, own.splits, own.fitted, own.logits, own.floors)
        for fold, own in zip(folded.folds, trained, strict=True)
    ]
    outcome, folds, valid = judge_folds(cache.task, folded.tested, rounds)
    outcome.save_predictions(folder, {"valid": valid, "test": folded.tested})
    spread = by_fold(outcome.results, folds)
    about = described_run(cache, names, settings, trained, start)
    run = {**outcome.to_json(), **about, "leaks": folded.leaks, "folds": spread}
    return write_run(folder, outcome, run, folded.tested.texts, folds, fold_lines(spread, settings.folds))


class Trained(NamedTuple):
    """What training left, of all rows or of a fold.

    Attributes:
        splits: `train`, `valid` and `test`.
        job: heads and features.
        progress: after the last epoch.
        fitted: of each head and seed.
        logits: of `valid` and `test`, by head.
        floors: what heads must beat.
        seconds: wall clock of the training.
    """

    splits: "dict[str, Readable]"
    job: "Job"
    progress: "Progress"
    fitted: "dict[Lane, FitResult]"
    logits: dict[str, Any]
    floors: "list[Floor]"
    seconds: float


def train_heads(
    cache: "Cache",
    splits: "dict[str, Readable]",
    names: list[str],
    settings: Settings,
    state: str,
    fold: int = 0,
    passes: "Passes | None" = None,
) -> Trained:
    """Train all heads with all seeds together, and read the test rows once."""
    from train.floors import all_floors

    start = time.perf_counter()
    job = open_job(cache, splits, names, settings, passes)
    if fold < 2:
        say(describe(job))
    width = splits["train"].pooled.shape[-1]
    own = {"folds": settings.folds, "fold": fold} if fold else {}
    progress = job.train(
        initial(names, width, settings.seeds, cache.task.outputs),
        state,
        {**facts(cache, names, settings, job), **own},
        settings.resume,
        EpochLine(settings.epochs),
    )
    seconds = time.perf_counter() - start
    logits = job.predict(progress, {name: splits[name] for name in ("valid", "test")})
    floors = all_floors(cache.task, splits, logistic=not settings.no_floors)
    return Trained(splits, job, progress, job.fit.results(progress), logits, floors, seconds)


def described_run(
    cache: "Cache", names: list[str], settings: Settings, trained: list[Trained], start: float
) -> dict[str, Any]:
    """What a run was made with, and what it took."""
    from train.machine import environment, peak_memory
    from train.outcome import described

    first, last = trained[0].job, trained[-1]
    compiled = {id(own.job.passes): own.job.passes.compile_seconds for own in trained}
    timed = inference(names, last.splits["test"], last.progress)
    return {
        "settings": dataclasses.asdict(settings),
        "operands": choose_operands(settings),
        "cache": described(cache),
        "environment": environment(),
        "inference": timed,
        "seconds": {
            "total": time.perf_counter() - start,
            "training": sum(own.seconds for own in trained),
            "compile": sum(compiled.values()),
            "epochs": [seconds for own in trained for seconds in own.progress.seconds],
        },
        "memory": {**first.plan._asdict(), "features": first.size, "held": first.held, "peak": peak_memory()},
    }


def write_run(
    folder: "RunFolder",
    outcome: "Outcome",
    run: dict[str, Any],
    texts: Sequence[str],
    folds: Sequence[int] = (),
    below: str = "",
) -> dict[str, Any]:
    """Write results, pictures and report; return what `results.json` holds."""
    from train.report.page import render
    from train.statistics.lines import lines

    run["table"] = lines(outcome.results, outcome.statistics) + (f"\n\n{below}" if below else "")
    for row, fold in zip(run["results"], folds, strict=False):
        row["fold"] = fold
    titles = {name: head.title for name, head in HEADS.items()}
    folder.save_results(outcome.results, run, folds)
    folder.save_comparison(outcome.results, outcome.statistics, titles)
    predictions = {name: folder.predictions(name) for name in ("valid", "test")}
    folder.write("report.html", render(run, predictions, {"test": texts}, titles))
    return run


def open_job(
    cache: "Cache",
    splits: "dict[str, Readable]",
    names: list[str],
    settings: Settings,
    passes: "Passes | None" = None,
) -> "Job":
    """Put heads and features together."""
    from train.job import Job, Reads
    from train.settings import FitSettings

    tokens = [name for name in names if HEADS[name].reads_tokens]
    pooled = [name for name in names if name not in tokens]
    together = [group for group in (pooled, *([name] for name in tokens)) if group]
    operands = choose_operands(settings)
    groups = [group_of(own, splits, operands) for own in together]
    rates = {name: HEADS[name].learning_rate for name in names}
    reads = Reads(bool(tokens), bool(pooled), operands == "bfloat16")
    fit = FitSettings(settings.epochs, settings.batch_size, settings.seeds, settings.batching)
    balanced = settings.class_weight == "balanced"
    where = settings.memory, settings.memory_limit
    return Job(groups, rates, reads, splits, fit, *where, cache.task, balanced, passes)


def choose_operands(settings: Settings) -> str:
    """Dtype of the operands of the large matmuls."""
    from train.machine import fast_operands

    return fast_operands() if settings.precision == "auto" else settings.precision


def group_of(names: Sequence[str], splits: "dict[str, Readable]", operands: str) -> "Joint":
    """Heads that go through a batch together."""
    from heads.joint import Joint

    longest = max(int(split.lengths.max()) for split in splits.values())
    return Joint(tuple((name, HEADS[name]) for name in names), longest, operands)


def initial(names: list[str], width: int, seeds: int, outputs: int) -> dict[str, list[Any]]:
    """Parameters before the first step, of each head for each seed."""
    from heads.module import init

    return {name: [init(name, HEADS[name], width, seed, outputs) for seed in range(seeds)] for name in names}


def facts(cache: "Cache", names: list[str], settings: Settings, job: "Job") -> dict[str, Any]:
    """Everything that the numbers depend on."""
    own = ("seeds", "epochs", "batch_size", "quick", "batching", "class_weight", "deduplicate")
    streamed = {"memory_limit": job.plan.limit} if job.plan.mode == "stream" else {}
    return {
        "cache": cache.manifest.key,
        "heads": names,
        **{field: getattr(settings, field) for field in own},
        "precision": choose_operands(settings),
        **streamed,
        **{name: version(name) for name in ("jax", "numpy")},
    }


def describe(job: "Job") -> str:
    """Where the features live, and why."""
    from cache.listing import readable

    plan = job.plan
    return (
        f"features: {readable(job.size)}, {plan.mode} memory ({plan.why}); "
        f"held at most {readable(job.held)} of {readable(plan.limit)}"
    )


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


def inference(names: list[str], split: "Readable", progress: "Progress") -> dict[str, float]:
    """Seconds per 1,000 rows of each head, the features given."""
    from train.inference import seconds_per_thousand
    from train.seeds import of_seed

    found = {}
    for name in names:
        head, params = group_of([name], {"test": split}, "float32"), {name: of_seed(progress.best[name], 0)}
        found[name] = seconds_per_thousand(
            head, params, split, HEADS[name].reads_tokens, not HEADS[name].reads_tokens
        )
    return found


if __name__ == "__main__":
    sys.exit(exit_code(main, "go on from the last state on disk with the same command and --resume"))
