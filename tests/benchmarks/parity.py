"""How far our heads, our Adam and our two rules are from Keras 3: the largest differences there are.

    python tests/benchmarks/parity.py [--series 10000]

Heads are compared as the tests compare them (`tests/heads/beside_keras.py`, `tests/heads/keras_training.py`): rows of
unequal and of full length; one logit, three classes, three labels; each head alone and among all ten. The rules are
compared on random series of losses, in which ties, gains of just min_delta, NaN and infinities are common.
"""

import argparse
import os
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("KERAS_HOME", tempfile.mkdtemp(prefix="keras-"))
sys.path.insert(0, str(Path(__file__).parent.parent.parent))

import jax
import numpy as np

from headstart.heads import HEADS
from headstart.train.plateau import ReduceLROnPlateau
from headstart.train.stopping import EarlyStopping
from tests.heads.beside_keras import KINDS, LENGTHS, compare
from tests.heads.keras_training import STEPS, by_keras, by_us
from tests.train.keras_rules import keras_end, keras_rates, our_end, our_rates

LOSSES = np.array([0.1, 0.25, 0.5 - 2e-4, 0.5 - 1e-4, 0.5, 0.75, 1, np.nan, np.inf])
DELTAS = (0.0, 1e-4, 0.1, 0.25)


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--series", type=int, default=10_000)
    series = parser.parse_args().series
    columns = ("logits", "gradient", f"loss, {STEPS} steps", f"weights, {STEPS} steps")
    print(f"{'head':<14}", *(f"{name:>18}" for name in columns), sep="")
    worst = np.zeros(len(columns))
    for name in HEADS:
        found = (*same_weights(name), *same_start(name))
        worst = np.maximum(worst, found)
        print(f"{name:<14}", *(f"{value:>18.1e}" for value in found), sep="", flush=True)
    print(f"{'largest':<14}", *(f"{value:>18.1e}" for value in worst), sep="")
    rules = [rules_part(np.random.default_rng(number)) for number in range(series)]
    for what, parted in zip(("ReduceLROnPlateau", "EarlyStopping"), zip(*rules, strict=True), strict=True):
        print(f"{what}: {sum(parted):,} of {series:,} series end or go on otherwise than in Keras")


def same_weights(name: str) -> tuple[float, float]:
    """Largest difference of a logit and of a gradient, with Keras' weights in our head."""
    found = defaultdict(float)
    for kind in KINDS:
        for masks in LENGTHS:
            for pair in compare(name, kind, masks):
                what = pair.what.split(",")[0]
                found[what] = max(found[what], apart(pair.ours, pair.keras))
    return found["logits"], found["gradient"]


def same_start(name: str) -> tuple[float, float]:
    """Largest difference of a step's loss and of a final weight, trained from the same weights."""
    ours, keras = by_us()[name], by_keras(name)
    return apart(ours.losses, keras.losses), apart(ours.params, keras.params)


def apart(one: Any, other: Any) -> float:
    """Largest absolute difference of two trees."""
    return max(jax.tree.leaves(jax.tree.map(lambda a, b: float(np.abs(a - b).max()), one, other)))


def rules_part(random: np.random.Generator) -> tuple[bool, bool]:
    """Whether our plateau rule, and our stopping rule, differ from Keras' on one random series."""
    levels = random.choice(LOSSES, random.integers(1, len(LOSSES) + 1), replace=False)
    losses = random.choice(levels, random.integers(1, 61)).tolist()
    delta, rate = float(random.choice(DELTAS)), float(random.choice([1.0, 2e-3, 1e-3]))
    plateau = ReduceLROnPlateau(
        factor=float(random.choice([0.1, 0.2, 0.5, 0.9])),
        patience=int(random.integers(6)),
        min_delta=delta,
        min_lr=float(random.choice([0, 1e-8, 1e-5])),
        cooldown=int(random.integers(4)),
    )
    stopping = EarlyStopping(int(random.integers(6)), delta)
    of_keras = keras_rates(plateau, SimpleNamespace(learning_rate=rate), losses)
    return our_rates(plateau, rate, losses) != of_keras, our_end(stopping, losses) != keras_end(
        stopping, losses
    )


if __name__ == "__main__":
    main()
