"""What other seeds would have changed, on top of what other test rows would have."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.special import stdtr, stdtrit

from headstart.train.statistics.bootstrap import LEVEL

FIXED = 1e9  # degrees of freedom of a variance that is as good as known


class Spread:
    """Variance of an estimate from test rows and seeds together.

    The rows' part is as good as known from the bootstrap; each head's part is known from few seeds only, which
    Student's t with Welch's and Satterthwaite's degrees of freedom makes up for.

    Args:
        rows: variance over resamples of the rows.
        seeds: for each head the value of each seed; a single one says nothing and counts as no spread.
        anew: whether the estimate is for one more training, not for the mean over all.

    Reference:
        B. L. Welch, The generalization of "Student's" problem ..., Biometrika 34 (1947).
    """

    def __init__(self, rows: float, seeds: Sequence[Float[np.ndarray, " _"]], anew: bool = False) -> None:
        parts = [(_spread(own, anew), len(own) - 1) for own in seeds if len(own) > 1]
        self.variance = rows + sum(part for part, _ in parts)
        doubt = sum(part**2 / freedom for part, freedom in parts)
        self.freedom = min(FIXED, self.variance**2 / doubt) if doubt > 0 else FIXED

    @property
    def half_width(self) -> float:
        """Half of the 95 % interval around the estimate."""
        return float(stdtrit(self.freedom, (1 + LEVEL) / 2) * self.variance**0.5)

    def p(self, estimate: float) -> float:
        """Two-sided p value of the estimate if the truth is 0."""
        if self.variance == 0:
            return float(estimate == 0)
        return 2 * float(stdtr(self.freedom, -abs(estimate) / self.variance**0.5))


def _spread(values: Float[np.ndarray, " s"], anew: bool) -> float:
    """Variance of the seeds' mean; with one more training's own variance, of the next value around that mean."""
    return float(values.var(ddof=1)) * (1 / len(values) + anew)
