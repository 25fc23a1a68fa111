"""Apache Spark 4, https://spark.apache.org/docs/latest/api/python; the extra `spark` installs it, beside a Java."""

import functools
from collections.abc import Callable, Iterator
from typing import Any


def map_rows(frame: Any, function: Callable[[Any], Any], added: str) -> Any:
    """A data frame with the columns of a function of `extract.engines.batches`.

    Args:
        frame: Spark's data frame.
        function: The function.
        added: The columns that it adds, in Spark's words, such as `features array<float>`.
    """
    columns = [f"`{name}` {kind}" for name, kind in frame.dtypes]
    return frame.mapInArrow(functools.partial(_each, function), ", ".join([*columns, added]))


def fill_cache(units: Any, session: Any) -> str:
    """Have Spark compute all of `UnitBatches`; returns the cache's location. What dies is tried again, and goes on."""
    count = len(units.numbers())
    numbers = session.range(count, numPartitions=count).withColumnRenamed("id", "unit")
    map_rows(numbers, units, "rows bigint, content string").collect()
    return str(units.finish())


def _each(function: Callable[[Any], Any], batches: Iterator[Any]) -> Iterator[Any]:
    return map(function, batches)
