"""Rows of a data set on the Hugging Face hub; `datasets` is imported only here, and only when asked for."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from headstart.cache.runtime.errors import UserError
from headstart.extract.tables.batch import TableBatch
from headstart.extract.tables.files import HUB
from headstart.extract.tables.records import Objects, cell
from headstart.extract.tables.source import FirstRows, TableSource, choose_from

FIRST = 1_000  # rows from which columns are chosen
MISSING = -1
SYNTAX = f"{HUB}OWNER/NAME[@CONFIGURATION][:SPLIT]"


def read_hub(source: TableSource) -> Iterator[TableBatch]:
    """Read a data set in batches as it comes over the network; classes come by their names.

    Args:
        source: `hf:OWNER/NAME`, with a configuration as `@NAME` and a split as `:NAME`, the split `train` by default;
            and what is asked of it.

    Raises:
        UserError: the library is missing, or the hub does not give the data set.
    """
    name, configuration, split = parse_name(source.file)
    try:
        yield from _batches(source, _load(name, configuration, split))
    except UserError:
        raise
    except Exception as error:  # the network's, the hub's and the library's own kinds
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{source.file} cannot be read from the Hugging Face hub: {reason}") from None


def parse_name(source: str) -> tuple[str, str | None, str]:
    """Return a data set's name, configuration and split.

    Raises:
        UserError: it is written in another way.
    """
    name, _, split = source.removeprefix(HUB).partition(":")
    name, _, configuration = name.partition("@")
    if not name or name.count("/") > 1 or name.startswith((".", "/")) or name.endswith("/"):
        raise UserError(f"{source!r} names no data set of the hub; wanted is {SYNTAX}")
    return name, configuration or None, split or "train"


def _load(name: str, configuration: str | None, split: str) -> Any:
    try:
        import datasets
    except ImportError:
        raise UserError(
            "data sets of the Hugging Face hub need the library datasets: `pip install -e '.[hub]'`"
        ) from None
    return datasets.load_dataset(name, configuration, split=split, streaming=True)


def _batches(source: TableSource, stream: Any) -> Iterator[TableBatch]:
    """Read chosen columns only: another may hold pictures, which would be fetched and unpacked."""
    classes = {name: names for name, kind in (stream.features or {}).items() if (names := _classes(kind))}

    def first(names: Sequence[str]) -> dict[str, list[str]]:
        rows = [_named(fields, classes) for fields in itertools.islice(stream, FIRST)]
        return {name: [cell(fields.get(name)) for fields in rows] for name in names}

    header = list(stream.features or next(iter(stream), {}))
    columns = choose_from(source, FirstRows(source.name, header, first))
    iterator = iter(stream.select_columns(columns))
    groups = iter(lambda: [_named(fields, classes) for fields in itertools.islice(iterator, source.rows)], [])
    yield from Objects(source.name, columns).batches(groups)


def _classes(kind: Any) -> list[str] | None:
    """Names of the classes of a column, or of a column of lists; None if it has none."""
    return getattr(kind, "names", None) or getattr(getattr(kind, "feature", None), "names", None)


def _named(fields: Mapping[str, Any], classes: Mapping[str, list[str]]) -> dict[str, Any]:
    """Put names in place of class numbers."""
    return dict(fields) | {name: _name(fields.get(name), names) for name, names in classes.items()}


def _name(value: Any, names: list[str]) -> Any:
    """Name a class, or each of a list; -1 stays, by which the hub, like others, says that there is none."""
    if isinstance(value, list):
        return [None if item == MISSING else _name(item, names) for item in value]
    return names[value] if isinstance(value, int) and value != MISSING else value
