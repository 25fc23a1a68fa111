"""What counts as a better validation loss."""


def improves(loss: float, best: float | None, min_delta: float | int) -> bool:
    """Whether a loss is lower than the best by more than `min_delta`; the first always is, even NaN.

    A first loss that is NaN is never improved on, as no comparison with NaN is true: the run has diverged. Written as
    Keras 3 does, `loss + min_delta < best`: rounding then agrees, too.
    """
    return best is None or loss + min_delta < best
