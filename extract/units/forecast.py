"""What a job will take, from footers, sizes and the first rows alone: rows, tokens, bytes, time and money."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from headstart.cache.block import Sizes
from headstart.cache.runtime.text import format_bytes, printable
from headstart.extract.pipeline.forecast import bytes_of
from headstart.extract.pipeline.job import ExtractJob
from headstart.extract.text.cleaning import clean_all
from headstart.extract.text.pretrained import load_tokenizer
from headstart.extract.text.tokenizer import Tokens, tokenize
from headstart.extract.units.job import UnitsJob
from headstart.extract.units.unit import Unit, describe_whole

SAMPLED = 1_000
"""Rows that are cleaned and tokenised for the estimate."""


class Machine(NamedTuple):
    """A kind of machine, for orientation: what its maker says it multiplies, and what renting one costs.

    Attributes:
        name: Name for people.
        flops: Multiplications and additions of bfloat16 a second.
        share: Share of these that an encoder reaches.
        dollars: Price of an hour, as lists of 2026 say: yours may differ by half.
    """

    name: str
    flops: float
    share: float
    dollars: float


MACHINES = (
    Machine("16 cores with AMX", 16e12, 0.4, 0.8),
    Machine("NVIDIA L4", 121e12, 0.4, 0.7),
    Machine("NVIDIA H100", 989e12, 0.4, 3.0),
    Machine("TPU v5e chip", 197e12, 0.4, 1.2),
)


class JobForecast(NamedTuple):
    """A job's size.

    Attributes:
        units, files: Parts of the data, and files.
        rows: Rows in all; an estimate where not every file says it.
        exact: Whether every file does.
        read_bytes: Bytes of the files that are read.
        tokens: Real tokens, estimated.
        cache_bytes: Bytes of the cache, estimated.
        flops: Multiplications and additions of the encoder, estimated.
        largest_rows: Rows of the largest unit.
        remark: What would share better; None if all is well.
    """

    units: int
    files: int
    rows: int
    exact: bool
    read_bytes: int
    tokens: int
    cache_bytes: int
    flops: float
    largest_rows: int
    remark: str | None

    def lines(self) -> Iterator[str]:
        """The forecast for people."""
        about = "" if self.exact else "about "
        yield (
            f"{self.units:,} units in {self.files:,} files, {about}{self.rows:,} rows, "
            f"{format_bytes(self.read_bytes)} to read, about {self.tokens:,} tokens, cache about "
            f"{format_bytes(self.cache_bytes)}; the largest unit has {about}{self.largest_rows:,} rows"
        )
        if self.remark:
            yield printable(self.remark)
        yield "for orientation, at 40 % of what makers state, and list prices of 2026:"
        for machine in MACHINES:
            hours = self.flops / (machine.flops * machine.share) / 3600
            yield f"  {machine.name:<18} {hours:>10,.2f} hours of one   {hours * machine.dollars:>10,.2f} $"

    def to_json(self) -> dict[str, Any]:
        """The forecast for programs."""
        return self._asdict()


def forecast(job: UnitsJob) -> JobForecast:
    """Estimate a job's size; a thousand of the first rows say how long texts are."""
    units, sample = job.units, _sample(job.job)
    rows_of = _rows_of(job)
    rows = sum(map(rows_of, units))
    share = rows / len(sample.lengths)
    tokens = int(sample.lengths.sum() * share)
    return JobForecast(
        units=len(units),
        files=len({unit.file for unit in units}),
        rows=rows,
        exact=all(unit.rows is not None for unit in units),
        read_bytes=sum(unit.size for unit in units),
        tokens=tokens,
        cache_bytes=_cache_bytes(job.job, sample, rows),
        flops=job.job.architecture.flops(tokens, tokens / rows),
        largest_rows=max(map(rows_of, units)),
        remark=describe_whole(units),
    )


def _rows_of(job: UnitsJob) -> Any:
    """Rows of a unit: those it says, or as many as bytes of the first rows let expect."""
    batches = job.start.batches
    texts = [text for batch in batches for text in batch.column(job.start.choice.text)]
    # Cells beside the text are short.
    mean = 20 + sum(len(text.encode()) for text in texts) / max(1, len(texts))

    def rows(unit: Unit) -> int:
        return unit.rows if unit.rows is not None else max(1, int(unit.size / mean))

    return rows


def _sample(job: ExtractJob) -> Tokens:
    texts = list(job.dataset.texts[:SAMPLED])
    tokenizer = load_tokenizer(job.checkpoint.folder, job.recipe.max_length)
    return tokenize(tokenizer.within(job.architecture.vocab_size), [clean_all(texts, job.cleaning)])


def _cache_bytes(job: ExtractJob, sample: Tokens, rows: int) -> int:
    recipe, count = job.recipe, len(sample.lengths)
    states = recipe.positions, len(recipe.layer_numbers)
    sizes = Sizes(count, int(sample.lengths.sum()), len(sample.texts), job.label_columns, *states)
    return int(bytes_of(job, sizes) * rows / count)
