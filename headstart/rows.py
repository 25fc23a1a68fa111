"""Rows in memory as a file that stage one reads, so that they mean what they would mean in a file."""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from headstart.cache.runtime.errors import UserError

TEXT, LABEL = "text", "label"
"""Names of the columns where the user gives texts and labels without any."""
KINDS = "paths, texts with labels, a mapping of columns, or a table of pandas, Arrow, polars or datasets"


@contextlib.contextmanager
def as_files(
    data: Any, labels: Any, name: str, needed: Sequence[str] = ()
) -> Iterator[str | tuple[str, ...]]:
    """Give what `Settings.data` takes: paths as they are, all else as a Parquet file that goes away at the end.

    Args:
        data: Paths, texts, or a table.
        labels: A label for each text: a class, or a list of 0 and 1; None where `data` holds them.
        name: What the file is called.
        needed: Columns that have to be there; a column of any other name that Arrow cannot hold is left out.

    Raises:
        UserError: it is none of these, or a needed column mixes types.
    """
    if labels is None and (paths := _paths(data)):
        yield paths
        return
    if labels is not None and _is_table(data):
        raise UserError(
            "a table and labels were given; give a column of texts with them, such as table['text'], or the table "
            "alone: text_column= and label_column= choose its columns"
        )
    columns = {TEXT: data, LABEL: labels} if labels is not None else _columns(data)
    with tempfile.TemporaryDirectory(prefix="headstart-") as folder:
        path = os.path.join(folder, f"{name}.parquet")
        _write(path, columns, needed if labels is None else (TEXT, LABEL))
        yield path


def _paths(data: Any) -> str | tuple[str, ...]:
    """Paths as `Settings.data` takes them; nothing if the data are no paths."""
    if isinstance(data, str | os.PathLike):
        return os.fspath(data)
    several = isinstance(data, tuple) and data and all(isinstance(item, str | os.PathLike) for item in data)
    return tuple(map(os.fspath, data)) if several else ()


def _is_table(data: Any) -> bool:
    """Whether the data have columns, and are not one of texts."""
    named = hasattr(data, "columns") or hasattr(data, "column_names") or isinstance(data, Mapping)
    return named or getattr(data, "ndim", 1) == 2


def _columns(data: Any) -> dict[str, Any]:
    """The columns of a table, by name."""
    if hasattr(data, "to_arrow"):  # polars, and newer releases of datasets
        data = data.to_arrow()
    elif hasattr(data, "with_format") and hasattr(data, "column_names"):  # datasets
        data = data.with_format("arrow")[:]
    if hasattr(data, "column_names") and hasattr(data, "column"):  # Arrow
        return {name: data.column(place) for place, name in enumerate(data.column_names)}
    if hasattr(data, "columns") and hasattr(data, "items"):  # pandas
        return {str(name): column for name, column in data.items()}
    if isinstance(data, Mapping):
        return dict(data)
    raise UserError(f"a {type(data).__name__} holds no rows with labels; what works: {KINDS}")


def _write(path: str, columns: Mapping[str, Any], needed: Sequence[str]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = {}
    for name, values in columns.items():
        try:
            arrays[name] = _array(values)
        except (pa.ArrowException, TypeError) as error:
            if name in needed:
                raise UserError(f"the column {name!r} mixes types: {error}") from None
    if len({len(array) for array in arrays.values()}) > 1:
        lengths = ", ".join(f"{name!r} has {len(array):,}" for name, array in arrays.items())
        raise UserError(f"the columns are not of one length: {lengths}")
    pq.write_table(pa.table(arrays), path)


def _array(values: Any) -> Any:
    import pyarrow as pa

    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values
    if getattr(values, "ndim", 1) == 2:  # a label for each class
        return pa.array(values.tolist())
    if isinstance(values, str | bytes) or not hasattr(values, "__len__"):
        raise TypeError(f"a {type(values).__name__} is no column")
    return pa.array(values, from_pandas=True)
