"""What `results.json` holds of a run."""

import contextlib
import functools
import hashlib
import math
import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, is_dataclass
from typing import Any

from headstart.cache.recipe import MOST_LAYERS, canonical_json
from headstart.cache.task import Task
from headstart.train.engine.history import History
from headstart.train.options import ComparisonSettings
from headstart.train.results.result import FoldSpread, Result
from headstart.train.statistics.findings import LayerFindings, Summary

KEYS = {"baselines": "floors"}
"""Keys of fields that are called otherwise on disk."""
LEFT_OUT = {"fold", "folds", "chance", "digests", "layers", "log", "fresh"}
"""Fields that are left out where they are None."""

MOST = 1e300
"""A number that is as large is no measure of anything."""

OPERANDS = ("float32", "bfloat16")
NAMES = ("data", "text_column", "label_column", "backbone", "backbone_argument", "command")
"""Fields of a cache's source that are shown, or used, as text."""
MOST_COUNTED = 2**53
"""What is counted is less."""
_HEAD = re.compile(r"\w[\w.@-]*", re.ASCII)


@dataclass(frozen=True)
class CacheFacts:
    """What a cache was made of.

    Attributes:
        name: Name of its folder.
        location: Its folder or prefix, see `cache.runtime.shared_paths`.
        key: Hash of its recipe.
        recipe: Everything that changes a cached value, see `cache.recipe.Recipe`.
        source: Names of data and backbone, and the command, for people; see `cache.manifest.Manifest`. A folder of the
            backbone is as seen from the run's.
        block_rows: Test rows that went through the backbone together; None if unknown.
        device: Kind and number of the devices that computed it.
    """

    name: str
    location: str = ""
    key: str = ""
    recipe: dict[str, Any] = field(default_factory=dict)
    source: dict[str, Any] = field(default_factory=dict)
    block_rows: int | None = None
    device: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """A finished run; the order of the fields is that of the keys.

    Attributes:
        task: Kind and classes.
        results: A row for each baseline, and each head and seed; with folds for each of them.
        histories: Epochs of each head and seed, `gru/0`; with folds `gru/0-fold-1`.
        statistics: What the test rows say.
        baselines: Names of the baselines.
        rows: Rows of each split; of several folds the first one's, and all that were tested.
        settings: What the user chose.
        operands: Dtype of the operands of the large matmuls.
        cache: The features.
        environment: Device, and releases of the libraries.
        inference: Seconds per 1,000 rows of each head, the features given.
        seconds: Wall clock: total, training, compile, and each epoch.
        memory: Bytes, and where the features lived.
        leaks: Identical texts, see `train.data.checks`; None if they were not counted.
        folds: Measures over folds, by head; None without folds.
        layers: Which layer to take; None where heads are not on several.
        digests: SHA-256 of the parameters of each checkpoint, `checkpoints/gru/seed-0/best`, and of the bytes of each
            file, `predictions/test.npz`; None in a run of an earlier version.
        table: What the terminal shows.
    """

    task: Task
    results: list[Result]
    histories: dict[str, History] = field(default_factory=dict)
    statistics: Summary
    baselines: list[str] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    settings: ComparisonSettings
    operands: str
    cache: CacheFacts
    environment: dict[str, Any] = field(default_factory=dict)
    inference: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, Any] = field(default_factory=dict)
    memory: dict[str, Any] = field(default_factory=dict)
    leaks: dict[str, int] | None = None
    folds: dict[str, dict[str, FoldSpread]] | None = None
    layers: LayerFindings | None = None
    digests: dict[str, str] | None = None
    table: str = ""

    @property
    def about_layers(self) -> bool:
        """Whether every head is one that layers are compared with."""
        heads = {row.head for row in self.results if row.head not in self.baselines}
        return self.layers is not None and heads == {one.name for one in self.layers.candidates}

    def to_json(self) -> dict[str, Any]:
        """Return the fields as a JSON object; numbers that JSON cannot hold are null."""
        fields: dict[str, Any] = encode(self)
        return fields

    @classmethod
    def from_json(cls, fields: Any) -> "RunRecord":
        """Rebuild a record from `to_json`; unknown fields are left out.

        Raises:
            TypeError: a field is missing or of another type.
            ValueError: likewise, or holds what no run can have.
            CacheError: the task is none.
        """
        record: RunRecord = decode(cls, fields)
        if wrong := next(problems(record), None):
            raise ValueError(wrong)
        return record


def problems(run: RunRecord) -> Iterator[str]:
    """What no run can have, each in words: `results.json` may come from anyone, and whoever reads it relies on this."""
    for row in run.results:
        yield from _row_problems(row)
    for name in [*run.baselines, *(row.head for row in run.results)]:
        if "accuracy" not in run.statistics.metrics.get(name, {}):
            yield f"the statistics lack {name!r}"
    counts = [run.settings.seeds, run.settings.folds, *run.rows.values()]
    if not all(0 <= count < MOST_COUNTED for count in counts) or run.settings.seeds < 1:
        yield "rows or settings have a count below its least"
    if run.operands not in OPERANDS:
        yield f"operands {run.operands!r} is none of {', '.join(OPERANDS)}"
    yield from _layer_problems(run.layers, run.statistics) if run.layers else ()
    yield from _cache_problems(run.cache)
    yield from _threshold_problems(run)


def _row_problems(row: Result) -> Iterator[str]:
    if not _HEAD.fullmatch(row.head):
        yield f"{row.head!r} is no name of a head"
    if not all(math.isnan(share) or 0 <= share <= 1 for share in (row.valid_accuracy, row.test_accuracy)):
        yield f"{row.head} has an accuracy that is no share"
    if not all(0 <= count < MOST_COUNTED for count in (row.seed, row.params, row.epochs, row.best_epoch)):
        yield f"{row.head} has a count below 0"
    if row.fold is not None and row.fold < 1:
        yield f"{row.head} has a fold below 1"


def _layer_problems(layers: LayerFindings, summary: Summary) -> Iterator[str]:
    names = [candidate.name for candidate in layers.candidates]
    if not 1 <= layers.last <= MOST_LAYERS or not names or len({*names}) < len(names):
        yield f"no encoder has the layers 0 to {layers.last}, or a head stands on one twice"
    for name, head, layer in layers.candidates:
        if "accuracy" not in summary.metrics.get(name, {}):
            yield f"the statistics lack {name!r}"
        places = {"all"} if layer is None else {str(layer), *["last"] * (layer == layers.last)}
        if not (layer is None or 0 <= layer <= layers.last) or name not in {f"{head}@{at}" for at in places}:
            yield f"{name!r} is no head on a layer from 0 to {layers.last}"
    if {*layers.valid} != {*names} or not all(0 <= share <= 1 for share in layers.valid.values()):
        yield "the layers have other accuracies than one from 0 to 1 for each head"
    for name, chosen, *shares in (
        (one.name, one.chosen, one.valid, one.test, one.low, one.high, abs(one.last.difference))
        for one in layers.choices
    ):
        if not chosen or not {name, *chosen} <= {*names} or not all(0 <= share <= 1 for share in shares):
            yield f"{name!r} is no choice among the heads on layers, or has an accuracy that is no share"


def _cache_problems(cache: CacheFacts) -> Iterator[str]:
    if cache.block_rows is not None and not 0 < cache.block_rows < MOST_COUNTED:
        yield "block_rows is no number of rows"
    batch_tokens = cache.device.get("batch_tokens", 0)
    if type(batch_tokens) is not int or not 0 <= batch_tokens < MOST_COUNTED:
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


def encode(value: Any) -> Any:
    """A value as JSON can hold it: records as objects, the losses of a head that diverged as null."""
    kind: Any = type(value)
    if _is_record(kind):
        fields = {name: getattr(value, name) for name in _hints(kind)}
        kept = {name: item for name, item in fields.items() if item is not None or name not in LEFT_OUT}
        return {KEYS.get(name, name): encode(item) for name, item in kept.items()}
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def decode(kind: Any, value: Any) -> Any:
    """Rebuild a value of a type from what `encode` made of it.

    Raises:
        TypeError: the value is of another type, or lacks a field.
        ValueError: likewise.
    """
    origin = typing.get_origin(kind) or kind
    read = _READERS.get(origin) or (_record if _is_record(kind) else _plain)
    return read(kind, value)


def _one_of(kind: Any, value: Any) -> Any:
    """A value of the first type of a union that it is of."""
    members = [member for member in typing.get_args(kind) if member is not types.NoneType]
    if value is None and len(members) < len(typing.get_args(kind)):
        return None
    for member in members[:-1]:
        with contextlib.suppress(TypeError, ValueError):
            return decode(member, value)
    return decode(members[-1], value)


def _choice(kind: Any, value: Any) -> Any:
    if not isinstance(value, str) or value not in typing.get_args(kind):
        raise ValueError(f"{str(value)[:20]!r} is none of {', '.join(typing.get_args(kind))}")
    return value


def _number(kind: Any, value: Any) -> float:
    """A float; null stands for what JSON cannot hold."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < MOST:
        raise TypeError(f"{str(value)[:20]!r} where a number should be")
    return float(value)


def _plain(kind: Any, value: Any) -> Any:
    """A value of a type that JSON has; bool is none of the integers."""
    if type(value) is not kind:
        raise TypeError(f"a {type(value).__name__} where a {kind.__name__} should be")
    return value


def _integer(kind: Any, value: Any) -> Any:
    _number(kind, _plain(kind, value))
    return value


def _record(kind: Any, value: Any) -> Any:
    keys, fields = {name: KEYS.get(name, name) for name in _hints(kind)}, _plain(dict, value)
    there = {name: fields[key] for name, key in keys.items() if key in fields}
    return kind(**{name: decode(_hints(kind)[name], item) for name, item in there.items()})


def _items(kind: Any, value: Any) -> Any:
    items = (decode(typing.get_args(kind)[0], item) for item in _plain(list, value))
    return (typing.get_origin(kind) or kind)(items)


def _by_name(kind: Any, value: Any) -> Any:
    return {name: decode(typing.get_args(kind)[1], item) for name, item in _plain(dict, value).items()}


_READERS: dict[Any, Callable[[Any, Any], Any]] = {
    types.UnionType: _one_of,
    typing.Union: _one_of,
    typing.Literal: _choice,
    Any: lambda _, value: value,
    Task: lambda _, value: Task.from_json(value),
    float: _number,
    int: _integer,
    list: _items,
    tuple: _items,
    dict: _by_name,
}


def _is_record(kind: Any) -> bool:
    return is_dataclass(kind) or hasattr(kind, "_fields")


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)
