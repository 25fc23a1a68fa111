"""Functions from a batch of rows to a batch of rows, which any engine can send to its workers and call there.

They hold settings alone; what takes time to load is loaded where the first batch arrives, and kept.
"""

import dataclasses
import functools
from typing import Any

import numpy as np
import pyarrow as pa

from headstart.cache.block import POOLED
from headstart.cache.runtime.environment import prepare_library
from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.progress import Reporter
from headstart.extract.predict.text_vectors import EncoderChoice, open_encoder
from headstart.extract.settings import Settings


@dataclasses.dataclass(frozen=True)
class FeatureBatches:
    """Adds a pooled vector of each text, as float32.

    Attributes:
        encoder: The encoder.
        text: Name of the column with texts.
        view: The vector: `cls`, `max` or `mean`.
        added: Name of the new column.
    """

    encoder: EncoderChoice
    text: str = "text"
    view: str = "mean"
    added: str = "features"

    def __call__(self, batch: Any) -> Any:
        """Return an Arrow batch or table with the new column; a text that is missing counts as an empty one."""
        prepare_library()
        texts = _texts(batch, self.text, self.added)
        if self.view not in POOLED:
            raise UserError(f"there is no view {self.view!r}; there are {', '.join(POOLED)}")
        encoder = open_encoder(self.encoder)
        place = POOLED.index(self.view)
        vectors = [row[place].astype(np.float32) for row in encoder.vectors(texts)] if texts else []
        # Lists of any length: Spark knows none of fixed size.
        return batch.append_column(self.added, pa.array(vectors, pa.list_(pa.float32())))


@dataclasses.dataclass(frozen=True)
class TokenBatches:
    """Adds the cleaned text and its token ids, which take no encoder.

    Attributes:
        encoder: Whose cleaning and tokenizer.
        text: Name of the column with texts.
    """

    encoder: EncoderChoice
    text: str = "text"

    def __call__(self, batch: Any) -> Any:
        """Return an Arrow batch or table with the columns `clean` and `ids`."""
        prepare_library()
        texts = _texts(batch, self.text, "clean", "ids")
        cleaned, ids = open_encoder(self.encoder).clean_and_tokenize(texts)
        batch = batch.append_column("clean", pa.array(cleaned, pa.string()))
        return batch.append_column("ids", pa.array(ids, pa.list_(pa.int32())))


@dataclasses.dataclass(frozen=True)
class UnitBatches:
    """Computes units of a job, whose numbers stand in the column `unit`, into the job's cache.

    Whoever computes which, and how often one is begun: the cache has the same bits, see `extract.units.work`.

    Attributes:
        settings: The job.
    """

    settings: Settings

    def numbers(self) -> list[int]:
        """Numbers of all units."""
        return [unit.number for unit in _unit_worker(self.settings).job.units]

    def finish(self) -> str:
        """Write the manifest; returns the cache's location.

        Raises:
            UserError: units are missing.
        """
        from headstart.extract.units.finish import finish

        job = _unit_worker(self.settings).job
        finish(job, Reporter())
        return str(job.job.location)

    def __call__(self, batch: Any) -> Any:
        """Return the batch with the columns `rows`, used ones, and `content`, their SHA-256."""
        prepare_library()
        worker = _unit_worker(self.settings)
        units = worker.job.units
        numbers = batch.column("unit").to_pylist()
        if odd := [number for number in numbers if number not in range(len(units))]:
            raise UserError(f"there is no unit {odd[0]}; there are those from 0 to {len(units) - 1:,}")
        records = [worker.complete(units[number]) for number in numbers]
        batch = batch.append_column(
            "rows", pa.array([record.counts["used"] for record in records], pa.int64())
        )
        return batch.append_column("content", pa.array([record.content for record in records], pa.string()))


def _texts(batch: Any, column: str, *added: str) -> list[str]:
    """The texts of a batch, to which columns can be added.

    Raises:
        UserError: there is no such column, it holds no text, or a column to add is there.
    """
    names = batch.schema.names
    if names.count(column) != 1:
        raise UserError(
            f"the rows have {names.count(column)} columns {column!r}; they have {', '.join(names)}"
        )
    if there := [name for name in added if name in names]:
        raise UserError(f"the rows have a column {there[0]!r} already; rename it, or name the new one")
    texts = [text or "" for text in batch.column(column).to_pylist()]
    if odd := [text for text in texts if not isinstance(text, str)]:
        raise UserError(f"the column {column!r} holds no text, but {str(odd[0])[:80]!r}")
    return texts


@functools.cache
def _unit_worker(settings: Settings) -> Any:
    from headstart.extract.units.job import prepare_units
    from headstart.extract.units.work import UnitWorker

    return UnitWorker(prepare_units(settings), Reporter())
