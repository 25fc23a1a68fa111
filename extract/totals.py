"""What all processes of a job together will compute."""

from typing import NamedTuple

import numpy as np

from cache.arrays import read_array
from cache.errors import CacheError
from extract.batches import BatchShape, padded_tokens, plan_batches
from extract.context import Run
from extract.plan import Plan
from extract.resume import Records


class Totals(NamedTuple):
    """What all processes together will compute.

    Attributes:
        rows: of their blocks.
        tokens: real ones.
        padded_tokens: that their backbones compute.
        stored_bytes: of the arrays.
    """

    rows: int
    tokens: int
    padded_tokens: int
    stored_bytes: int

    @property
    def padding_waste(self) -> float:
        """Share of the computed tokens that are padding; 0 where nothing is computed."""
        return 1 - self.tokens / self.padded_tokens if self.padded_tokens else 0.0


def padded_before(run: Run, records: Records, shape: BatchShape) -> int:
    """Tokens, padding included, that blocks took which are there already; one that cannot be read counts without."""
    padded = 0
    for (split, _), record in records.items():
        name = f"{split}/{record.name}/lengths"
        try:
            lengths = read_array(run.writer.store, name, (record.rows,), np.dtype(np.int32))
        except CacheError:  # `verify` names it
            padded += record.tokens
        else:
            padded += padded_tokens(plan_batches(lengths, shape))
    return padded


def total(run: Run, own: Plan) -> Totals:
    """Add up the plans of all processes, every one of which asks at the same place."""
    job, recipe = run.job, run.job.recipe
    columns = job.rows.labels.shape[1] if job.rows.labels.ndim == 2 else 0
    stored = own.stored_bytes(
        job.architecture.dim, job.settings.dtype, recipe.layout, columns, recipe.positions
    )
    return Totals(*run.hosts.total((own.rows, own.tokens, own.padded_tokens, stored)))
