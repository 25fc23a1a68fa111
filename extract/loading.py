"""Load the backbone, and the exact one that it is compared with."""

from typing import NamedTuple

from extract.backbone import Backbone
from extract.job import Job
from extract.precision import EXACT
from extract.weights import load_weights


class Backbones(NamedTuple):
    """The same weights, computed with in two ways.

    Attributes:
        own: as the recipe says; it fills the cache.
        exact: the stock model in float32; None where `own` is that very model.
    """

    own: Backbone
    exact: Backbone | None


def load_backbones(job: Job) -> Backbones:
    """Read the weights and put them on every local device.

    Raises:
        UserError: they do not fit the model.
    """
    weights = load_weights(job.checkpoint.weights)
    own = Backbone(job.architecture, weights, job.precision, job.settings.dtype, job.dropout)
    if job.precision == EXACT:
        return Backbones(own, None)
    return Backbones(own, Backbone(job.architecture, weights, EXACT, "float32", job.dropout))
