"""Ray Data: https://docs.ray.io/en/latest/data/data.html; the extra `ray` installs it."""

from collections.abc import Callable
from typing import Any


def map_rows(
    dataset: Any, function: Callable[[Any], Any], workers: int, rows: int = 1024, **options: Any
) -> Any:
    """A data set with the columns of a function of `extract.engines.batches`.

    Args:
        dataset: Ray's data set.
        function: The function.
        workers: How many batches are computed at once.
        rows: Rows of a batch.
        options: Of `map_batches`, such as `num_gpus`.
    """
    return dataset.map_batches(
        function,
        batch_format="pyarrow",
        batch_size=rows,
        concurrency=workers,
        zero_copy_batch=True,
        **options,
    )


def fill_cache(units: Any, workers: int, **options: Any) -> str:
    """Have Ray compute all of `UnitBatches`; returns the cache's location. What dies is tried again, and goes on."""
    import ray

    numbers = [{"unit": number} for number in units.numbers()]
    map_rows(
        ray.data.from_items(numbers, override_num_blocks=len(numbers)), units, workers, rows=1, **options
    ).materialize()
    return str(units.finish())
