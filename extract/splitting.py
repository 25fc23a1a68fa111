"""Deal rows to train, valid and test exactly as the notebook does."""

import numpy as np
from jaxtyping import Int

from cache.errors import UserError

RULE = "scikit-learn train_test_split 0.2, then 0.5, same seed"
MIN_ROWS = 10  # the fewest that leave a row for each split


def split_rows(count: int, seed: int) -> dict[str, Int[np.ndarray, " _"]]:
    """Return the row positions of each split: 80 % train, 10 % valid, 10 % test, shuffled, not stratified.

    Raises:
        UserError: there are too few rows.
    """
    if count < MIN_ROWS:
        raise UserError(f"{count} rows are too few to split; at least {MIN_ROWS} are needed")
    from sklearn.model_selection import train_test_split

    train, rest = train_test_split(np.arange(count), test_size=0.2, random_state=seed)
    valid, test = train_test_split(rest, test_size=0.5, random_state=seed)
    return {"train": train, "valid": valid, "test": test}
