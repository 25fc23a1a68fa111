"""Accuracy of the cached features: a few rows compared with the stock model in float32."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Int

from headstart.extract.backbone.distilbert import Backbone
from headstart.extract.features.blocks import BlockPlan, BlockRows, ComputePlan
from headstart.extract.features.compute import TokenizedRows, compute_block
from headstart.extract.features.packing import BatchShape, plan_batches

ALONE_TOKENS = 1200
"""Tokens of a batch of the exact model: eight rows of 150; one row may be longer."""
LOW_COSINE = 0.999
"""Cosine below which a user should know."""


class Backbones(NamedTuple):
    """The same weights in two precisions.

    Attributes:
        main: The backbone of the recipe's precision, which fills the cache.
        exact: The stock model in float32; None where `main` is that very model.
    """

    main: Backbone
    exact: Backbone | None


class Accuracy(NamedTuple):
    """Stored vectors beside exact ones, token by token.

    Attributes:
        rows: Number of rows that were compared.
        tokens: Number of their tokens.
        min_cosine: Lowest cosine of a token's two vectors.
        mean_cosine: Mean cosine over all tokens.
        max_difference: Largest difference of any value.
    """

    rows: int
    tokens: int
    min_cosine: float
    mean_cosine: float
    max_difference: float

    def __str__(self) -> str:
        line = f"cosine with float32 at least {self.min_cosine:.5f} on {self.tokens:,} tokens"
        warning = "; that is low: `--compute-dtype float32` is exact" if self.min_cosine < LOW_COSINE else ""
        return line + warning


def measure(
    backbone: Backbone,
    exact: Backbone,
    positions: Int[np.ndarray, " r"],
    plan: ComputePlan,
    rows: TokenizedRows,
    max_length: int,
) -> Accuracy:
    """Run some rows through both backbones.

    Args:
        backbone: The backbone that fills the cache.
        exact: The stock model in float32.
        positions: Positions of the rows to compare.
        plan: Blocks that this process will compute.
        rows: All used rows.
        max_length: Most tokens of a row.
    """
    lengths = rows.tokens.lengths[positions]
    drawn = BlockPlan(BlockRows("", 0, 0, positions), lengths, 0, [])
    alone = BatchShape([max_length], ALONE_TOKENS, len(exact.devices), packed=False)
    # The exact one first: the program of the other may be on its way.
    reference = _hidden(exact, drawn._replace(batches=plan_batches(lengths, alone)), rows)
    # The batches look like those of the first block: mostly, a program that is needed anyway computes them.
    like = plan.blocks[0].tokens if plan.blocks else None
    batches = plan.alike(plan_batches(lengths, plan.shape, like))
    stored = _hidden(backbone, drawn._replace(batches=batches), rows)
    return compare(stored, reference, len(positions))


def _hidden(backbone: Backbone, plan: BlockPlan, rows: TokenizedRows) -> Float32[np.ndarray, "n d"]:
    block = compute_block(backbone, plan, rows, "ragged")
    assert block.hidden is not None  # ragged blocks have it
    return block.hidden.astype(np.float32)


def compare(stored: Float[np.ndarray, "n d"], exact: Float[np.ndarray, "n d"], rows: int) -> Accuracy:
    """Compare two versions of the same tokens' vectors; of two vectors of which one is zero, the cosine is 0."""
    # In float64, into which the squares of what bfloat16 holds fit.
    stored, exact = stored.astype(np.float64), exact.astype(np.float64)
    norms = np.linalg.norm(stored, axis=1) * np.linalg.norm(exact, axis=1)
    alike = (stored == exact).all(axis=1)  # zeros have no direction
    cosine = np.divide((stored * exact).sum(axis=1), norms, out=alike.astype(np.float64), where=norms != 0)
    difference = np.abs(stored - exact).max()
    return Accuracy(rows, len(stored), float(cosine.min()), float(cosine.mean()), float(difference))
