"""How far the cached features are from the stock model's in float32, measured on a few rows."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Int

from headstart.extract.backbone.distilbert import Backbone
from headstart.extract.backbone.precision import EXACT
from headstart.extract.backbone.weights import load_weights
from headstart.extract.features.blocks import BlockPlan, BlockRows, ComputePlan
from headstart.extract.features.compute import compute_block
from headstart.extract.features.packing import BatchShape, bucket_lengths, plan_batches
from headstart.extract.pipeline.job import ExtractJob
from headstart.extract.text.tokenizer import Tokens

ALONE_TOKENS = 1200  # of a batch of the exact model: eight rows of 150; one row may be longer

LOW_COSINE = 0.999  # below it a user should know


class Accuracy(NamedTuple):
    """Stored vectors beside exact ones, token by token.

    Attributes:
        rows: how many were compared.
        tokens: how many they have.
        min_cosine: of a token's two vectors, the lowest.
        mean_cosine: over all tokens.
        max_difference: of any value.
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
    job: ExtractJob,
    backbone: Backbone,
    exact: Backbone,
    rows: Int[np.ndarray, " r"],
    plan: ComputePlan,
    tokens: Tokens,
) -> Accuracy:
    """Run some rows through both backbones.

    Args:
        job: its rows, and the width and dtype of what is stored.
        backbone: the one that fills the cache.
        exact: the stock model in float32.
        rows: to compare.
        plan: what this process will compute.
        tokens: token ids of all these rows.
    """
    lengths = tokens.lengths[rows]
    alone = BatchShape(
        bucket_lengths(job.settings.max_length)[-1:], ALONE_TOKENS, len(exact.devices), packed=False
    )
    drawn = BlockPlan(BlockRows("", 0, 0, rows), lengths, 0, [])
    # The exact one first: the program of the other may be on its way.
    one_each = drawn._replace(batches=plan_batches(lengths, alone))
    wanted = _hidden(job, exact, one_each, tokens, "float32")
    # The batches look like those of the first block: mostly, a program that is needed anyway computes them.
    like = plan.blocks[0].tokens if plan.blocks else None
    like_first = drawn._replace(batches=plan_batches(lengths, plan.shape, like))
    found = _hidden(job, backbone, like_first, tokens, job.settings.dtype)
    return compare(found, wanted, len(rows))


def _hidden(
    job: ExtractJob, backbone: Backbone, plan: BlockPlan, tokens: Tokens, dtype: str
) -> Float32[np.ndarray, "n d"]:
    width = job.architecture.dim
    block = compute_block(backbone, plan, tokens, job.rows, width, np.dtype(dtype), lambda _: None, "ragged")
    assert block.hidden is not None  # ragged blocks have it
    return block.hidden.astype(np.float32)


def compare(found: Float[np.ndarray, "n d"], wanted: Float[np.ndarray, "n d"], rows: int) -> Accuracy:
    """Compare two versions of the same tokens' vectors; of two vectors of which one is zero, the cosine is 0."""
    # In float64, into which the squares of what bfloat16 holds fit.
    found, wanted = found.astype(np.float64), wanted.astype(np.float64)
    norms = np.linalg.norm(found, axis=1) * np.linalg.norm(wanted, axis=1)
    alike = (found == wanted).all(axis=1)  # zeros have no direction
    cosine = np.divide((found * wanted).sum(axis=1), norms, out=alike.astype(np.float64), where=norms != 0)
    difference = np.abs(found - wanted).max()
    return Accuracy(rows, len(found), float(cosine.min()), float(cosine.mean()), float(difference))


def as_json(accuracy: Accuracy | None) -> dict[str, Any]:
    """Return the manifest's field."""
    return accuracy._asdict() if accuracy else {}


class Backbones(NamedTuple):
    """The same weights, computed with in two ways.

    Attributes:
        own: as the recipe says; it fills the cache.
        exact: the stock model in float32; None where `own` is that very model.
    """

    own: Backbone
    exact: Backbone | None


def load_backbones(job: ExtractJob) -> Backbones:
    """Read the weights and put them on every local device.

    Raises:
        UserError: they do not fit the model.
    """
    weights = load_weights(job.checkpoint.weights)
    own = Backbone(job.architecture, weights, job.precision, job.settings.dtype, job.dropout)
    if job.precision == EXACT:
        return Backbones(own, None)
    return Backbones(own, Backbone(job.architecture, weights, EXACT, "float32", job.dropout))
