"""Cross-validation of a logistic regression on a frozen encoder: ours, sentence-transformers', and one plain encoding.

    python tests/peers/cross_validation.py --data TEXTS.csv [--rows 1500] [--peer .venv-peers-sentence/bin/python]

Every way runs in a process of its own, with the bundled MiniLM. The peer is what its users write: a transformer that
calls `SentenceTransformer.encode`, so that every fold encodes its texts again. Its accuracies differ a little, as it
pools and normalises in its own way and cleans nothing. Wall and CPU seconds are without imports and loading.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMON = """
import csv, json, sys, time
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
path, text, label, rows, weights = sys.argv[1:]
csv.field_size_limit(10**9)
with open(path, newline="", encoding="utf-8") as file:
    table = list(csv.DictReader(file))
order = np.random.default_rng(0).permutation(len(table))[: int(rows)]
texts, y = [table[row][text] for row in order], [table[row][label] for row in order]

def run(encoder, encoded):
    wall, cpu = time.perf_counter(), time.process_time()
    scores = cross_val_score(make_pipeline(encoder, LogisticRegression(max_iter=1000)), texts, y, cv=5)
    took = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    print(json.dumps({**took, "accuracy": scores.mean(), "encoded": encoded()}))
"""
OURS = """
import headstart
from headstart.estimators.vector_store import open_store
encoder = headstart.FrozenTextEncoder("minilm")
store = open_store(encoder._choice(), None)
encoder.transform(["compile", "and load"])
before = store.encoded
run(encoder, lambda: store.encoded - before)
"""
PLAIN = """
import headstart
from headstart.estimators.vector_store import open_store
encoder = headstart.FrozenTextEncoder("minilm")
encoder.transform(["compile", "and load"])
store = open_store(encoder._choice(), None)
before, wall, cpu = store.encoded, time.perf_counter(), time.process_time()
encoder.transform(texts)
took = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
print(json.dumps({**took, "accuracy": None, "encoded": store.encoded - before}))
"""
PEER = """
from sentence_transformers import SentenceTransformer
model = SentenceTransformer(weights)
model.max_seq_length = 150
count = [0]

class Encoder(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        count[0] += len(X)
        return model.encode(list(X), batch_size=32, show_progress_bar=False)

model.encode(["load"])
run(Encoder(), lambda: count[0])
"""


def minilm() -> str:
    """Folder of the bundled encoder."""
    code = (
        "from headstart.extract.checkpoint.checkpoint import find_checkpoint as f; print(f('minilm').folder)"
    )
    return subprocess.check_output([sys.executable, "-c", code], text=True, cwd=ROOT).strip()


def measured(python: str, code: str, arguments: list[str]) -> dict[str, float]:
    """What one way took, in a process of its own."""
    line = [python, "-c", COMMON + code, *arguments]
    done = subprocess.run(line, capture_output=True, text=True, check=True, cwd=ROOT)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", required=True, help="CSV file")
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--label-column", default="label")
    parser.add_argument("--rows", default="1500")
    parser.add_argument("--repeats", type=int, default=1, help="ways take turns; the medians are shown")
    parser.add_argument("--peer", default=str(ROOT / ".venv-peers-sentence/bin/python"))
    options = parser.parse_args()
    arguments = [options.data, options.text_column, options.label_column, options.rows, minilm()]
    ways: dict[str, Callable[[], dict[str, float]]] = {
        "one encoding": lambda: measured(sys.executable, PLAIN, arguments),
        "FrozenTextEncoder, 5 folds": lambda: measured(sys.executable, OURS, arguments),
        "sentence-transformers, 5 folds": lambda: measured(options.peer, PEER, arguments),
    }
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    for _ in range(options.repeats):
        for name, way in ways.items():
            taken[name].append(way())
    print("| way | texts encoded | wall, s | CPU, s | accuracy |\n|---|---|---|---|---|")
    for name, runs in taken.items():
        median = sorted(runs, key=lambda one: one["wall"])[len(runs) // 2]
        accuracy = "" if median["accuracy"] is None else f"{median['accuracy']:.4f}"
        print(f"| {name} | {median['encoded']:,} | {median['wall']:.1f} | {median['cpu']:.1f} | {accuracy} |")


if __name__ == "__main__":
    main()
