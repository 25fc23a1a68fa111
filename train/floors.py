"""What a head must beat to have learnt anything."""

import numpy as np
from jaxtyping import Int

from train.labels import require_binary
from train.metrics import Metrics

CLIP = 1e-7  # a split of one class would else have an infinite loss on a row of the other


def majority(train_labels: Int[np.ndarray, " r"], test_labels: Int[np.ndarray, " b"]) -> Metrics:
    """Loss and accuracy of one probability for every row: the share of 1 in the training labels.

    As for heads a probability above 0.5 says 1, so equal classes say 0.

    Raises:
        ValueError: there are no labels, or others than 0 and 1.
    """
    require_binary(train_labels, "train")
    require_binary(test_labels, "test")
    share = float(np.clip(train_labels.mean(), CLIP, 1 - CLIP))
    losses = -np.log(np.where(test_labels == 1, share, 1 - share))
    return Metrics(float(losses.mean()), float(np.mean(test_labels == int(share > 0.5))))
