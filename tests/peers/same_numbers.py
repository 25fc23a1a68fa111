"""What two environments computed by the same commands: `python tests/peers/same_numbers.py FOLDER FOLDER [LIMIT]`.

Folders are those of beside_transformers5.sh. Keys must be equal, features to LIMIT (1e-6), losses and probabilities to
1e-4, accuracies but for one row. With the same release of JAX every bit is equal; jaxlib 0.12 adds up in another order
than 0.10, which is up to 4e-6 where the root mean square is 0.36.
"""

import ast
import csv
import json
import sys
from pathlib import Path

import numpy as np

from headstart.cache import open_cache

NUMBERS = 1e-4
SPLITS = ("train", "valid", "test")


def one(folder: Path, pattern: str) -> Path:
    (path,) = folder.glob(pattern)
    return path


def difference(name: str, ours: object, theirs: object, limit: float) -> None:
    ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    largest = float(np.abs(ours - theirs).max())
    print(
        f"{name}: largest difference {largest:.2e} of {ours.size:,} numbers, {(ours != theirs).sum():,} differ"
    )
    assert largest <= limit, name


def main(ours: str, theirs: str, limit: str = "1e-6") -> None:
    """Compare and print; an AssertionError where a number is too far off."""
    pair = [Path(ours), Path(theirs)]
    caches = [one(folder, "features/*") for folder in pair]
    print("cache:", *[cache.name for cache in caches])
    assert caches[0].name == caches[1].name
    assert (caches[0] / "recipe.json").read_bytes() == (caches[1] / "recipe.json").read_bytes()
    for split in SPLITS:
        states = [open_cache(str(cache)).split(split).hidden for cache in caches]
        scale = float(np.sqrt(np.mean(np.square(states[0], dtype=np.float64))))
        difference(f"features, {split} (root mean square {scale:.3f})", *states, float(limit))
    tables = [list(csv.DictReader(one(folder, "results/*/results.csv").open(newline=""))) for folder in pair]
    for column in ("valid_loss", "test_loss", "valid_accuracy", "test_accuracy", "epochs"):
        numbers = [[float(row[column] or 0) for row in table] for table in tables]
        difference(column, *numbers, 1.01 / 400 if "accuracy" in column else NUMBERS)
    assert [row["head"] for row in tables[0]] == [row["head"] for row in tables[1]]
    labels = [(folder / "labels.csv").read_text().splitlines() for folder in pair]
    rows = [list(csv.DictReader(lines)) for lines in labels]
    assert [row["label"] for row in rows[0]] == [row["label"] for row in rows[1]]
    shares = [[[float(row[key]) for key in row if key.startswith("p_")] for row in table] for table in rows]
    difference("probabilities of predict.py", *shares, NUMBERS)
    loaded = [(folder / "loaded.txt").read_text().splitlines() for folder in pair]
    assert loaded[0][0] == loaded[1][0]
    difference("probabilities of load.py", *[ast.literal_eval(lines[1]) for lines in loaded], NUMBERS)
    versions = [json.loads((cache / "manifest.json").read_text()).get("versions") for cache in caches]
    print("versions:", *versions, sep="\n  ")


if __name__ == "__main__":
    main(*sys.argv[1:])
