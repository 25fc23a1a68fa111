"""What counts as a better validation loss."""

import numpy as np


def improves(loss: float, best: float | None, min_delta: float | int) -> bool:
    """Whether a loss is lower than the best by more than `min_delta`; the first always is, even NaN.

    A first loss that is NaN is never improved on, as no comparison with NaN is true: the run has diverged. Added up and
    compared as Keras 3 does, `loss + min_delta < best` in float32, so that differences of just `min_delta` agree, too.
    """
    if best is None:
        return True
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite
        return bool(np.float32(loss + min_delta) < np.float32(best))
