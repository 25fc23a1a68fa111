"""Labels that a binary head can learn."""

import numpy as np
from jaxtyping import Int


def require_binary(labels: Int[np.ndarray, " b"], split: str) -> None:
    """Check labels before an epoch is spent on them.

    Raises:
        ValueError: there are none, or others than 0 and 1.
    """
    if len(labels) == 0:
        raise ValueError(f"the {split} split has no rows; extract it from more data")
    found = np.unique(labels)
    if not np.isin(found, (0, 1)).all():
        raise ValueError(f"the {split} split has labels {found.tolist()}; these heads need 0 and 1")
