"""One engine for all metrics: weighted sums over rows first, then a rule from sums to values.

A bootstrap resample is a whole number for each row, so ten thousand of them cost one sparse product.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import sparse


class Measure(NamedTuple):
    """Metrics that depend on the rows through weighted sums only.

    Attributes:
        names: Names of the metrics.
        terms: Sparse `[m, n]`; the sums are `terms @ weights`.
        rule: Metrics `[len(names), c]`, NaN where undefined, from the sums `[m, c]` of c weightings.
    """

    names: tuple[str, ...]
    terms: sparse.csr_array
    rule: Callable[[np.ndarray], np.ndarray]


class Scorer:
    """All measures of one trained head in one product.

    Args:
        measures: Measures of the same rows.
    """

    def __init__(self, measures: Sequence[Measure]) -> None:
        self.names = tuple(name for measure in measures for name in measure.names)
        self._rules = [measure.rule for measure in measures]
        self._cuts = np.cumsum([measure.terms.shape[0] for measure in measures])[:-1]
        self._terms = sparse.vstack([measure.terms for measure in measures], format="csr")

    def __call__(self, weights: Float[np.ndarray, "n c"]) -> Float[np.ndarray, "m c"]:
        """Metrics, in the order of `names`, under each of c weightings that sum to n."""
        parts = np.split(_product(self._terms, weights), self._cuts)
        return np.concatenate([rule(part) for rule, part in zip(self._rules, parts, strict=True)])


def indicator(
    groups: np.ndarray, rows: np.ndarray, shape: tuple[int, int], values: np.ndarray | None = None
) -> sparse.csr_array:
    """Terms with one entry for each (group, row): 1, or a value; entries of the same place are added."""
    data = np.ones(len(rows)) if values is None else values
    return sparse.csr_array((data, (groups, rows)), shape=shape)


def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Quotient, NaN where nothing is below."""
    result = np.full(np.broadcast_shapes(above.shape, below.shape), np.nan, np.result_type(above, below))
    np.divide(above, below, out=result, where=below > 0)
    return result


def mean_defined(values: Float[np.ndarray, " k *c"]) -> Float[np.ndarray, " *c"]:
    """Mean of the values that are defined, NaN where none is."""
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0).sum(axis=0), defined.sum(axis=0).astype(values.dtype))


def _product(terms: sparse.csr_array, weights: np.ndarray) -> np.ndarray:
    kept = terms if terms.dtype == weights.dtype else terms.astype(weights.dtype)
    return np.asarray(kept @ weights)
