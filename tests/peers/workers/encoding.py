"""What every encoder's worker does: load once, then time whole passes, from texts to vectors in host memory."""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from answers import serve

MAX_LENGTH = 150
THREADS = 2

Vectors = list[Any]
"""For each text, in the order of the texts, an array or tensor `[tokens, d]` in host memory."""
Encode = Callable[[list[str], int], Vectors]
"""Texts and rows of a batch -> vectors. A batch's padded array may stay alive behind views: nobody pays for copies."""


def main(load: Callable[[Path, str], Encode]) -> None:
    """Serve one encoder.

    Args:
        load: `(folder of the model, dtype or other variant) -> encode`.
    """
    parser = argparse.ArgumentParser()
    for name in ("model", "texts"):
        parser.add_argument(name, type=Path)
    parser.add_argument("variant")
    chosen = parser.parse_args()
    texts = json.loads(chosen.texts.read_text())
    encode = load(chosen.model, chosen.variant)

    def run(batch: int, rows: int | None = None) -> dict[str, Any]:
        start = time.perf_counter()
        vectors = encode(texts[:rows], batch)
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "lengths": [len(vector) for vector in vectors]}

    def save(path: str, batch: int) -> dict[str, Any]:
        np.save(path, np.concatenate([as_float32(vector) for vector in encode(texts, batch)]))
        return {}

    serve(run=run, save=save)


def as_float32(vectors: Any) -> np.ndarray:
    """PyTorch's tensors know no way from bfloat16 to NumPy but this one."""
    return np.asarray(vectors.float() if hasattr(vectors, "float") else vectors, np.float32)
