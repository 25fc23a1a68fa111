"""What no run's record can hold: `results.json` may come from anyone, and whoever reads a record relies on this."""

import hashlib
import math
import re
from collections.abc import Iterator

from headstart.cache.recipe import canonical_json
from headstart.train.results.result import Result
from headstart.train.results.run_record import CacheFacts, RunRecord

OPERANDS = ("float32", "bfloat16")
NAMES = ("data", "text_column", "label_column", "backbone", "backbone_argument", "command")
"""Fields of a cache's source that are shown, or used, as text."""
MOST = 2**53
"""What is counted is less."""
_HEAD = re.compile(r"\w[\w.-]*", re.ASCII)


def problems(run: RunRecord) -> Iterator[str]:
    """Everything that is wrong, each in words."""
    for row in run.results:
        yield from _row_problems(row)
    for name in [*run.baselines, *(row.head for row in run.results)]:
        if "accuracy" not in run.statistics.metrics.get(name, {}):
            yield f"the statistics lack {name!r}"
    counts = [run.settings.seeds, run.settings.folds, *run.rows.values()]
    if not all(0 <= count < MOST for count in counts) or run.settings.seeds < 1:
        yield "rows or settings have a count below its least"
    if run.operands not in OPERANDS:
        yield f"operands {run.operands!r} is none of {', '.join(OPERANDS)}"
    yield from _cache_problems(run.cache)
    yield from _threshold_problems(run)


def _row_problems(row: Result) -> Iterator[str]:
    if not _HEAD.fullmatch(row.head):
        yield f"{row.head!r} is no name of a head"
    if not all(math.isnan(share) or 0 <= share <= 1 for share in (row.valid_accuracy, row.test_accuracy)):
        yield f"{row.head} has an accuracy that is no share"
    if not all(0 <= count < MOST for count in (row.seed, row.params, row.epochs, row.best_epoch)):
        yield f"{row.head} has a count below 0"
    if row.fold is not None and row.fold < 1:
        yield f"{row.head} has a fold below 1"


def _cache_problems(cache: CacheFacts) -> Iterator[str]:
    if cache.block_rows is not None and not 0 < cache.block_rows < MOST:
        yield "block_rows is no number of rows"
    batch_tokens = cache.device.get("batch_tokens", 0)
    if type(batch_tokens) is not int or not 0 <= batch_tokens < MOST:
        yield "batch_tokens is no number of tokens"
    if not all(isinstance(cache.source.get(name, ""), str) for name in NAMES):
        yield f"the cache's source has something else than text in {', '.join(NAMES)}"
    if cache.recipe and hashlib.sha256(canonical_json(cache.recipe).encode()).hexdigest() != cache.key:
        yield f"the recipe is not the one of the cache's key {cache.key[:10]!r}"


def _threshold_problems(run: RunRecord) -> Iterator[str]:
    for head, threshold in run.statistics.threshold.items():
        each = isinstance(threshold, list)
        values = [] if threshold is None else threshold if isinstance(threshold, list) else [threshold]
        if not all(0 <= value <= 1 for value in values) or (each and len(values) != len(run.task.classes)):
            yield f"{head!r} has other thresholds than one from 0 to 1 for each class"
