"""Small data sets and settings for tests of splitting."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from headstart.cache.task import BINARY, Task
from headstart.extract.dataset.categories import CategoricalColumn
from headstart.extract.dataset.dataset import Dataset
from headstart.extract.settings import Settings

from ..conftest import WORDS


def rows_of(labels: Sequence[object], task: Task = BINARY, **others: Sequence[str]) -> Dataset:
    count, columns = len(labels), {}
    for name, values in others.items():
        names = list(dict.fromkeys(values))
        columns[name] = CategoricalColumn(
            np.array([names.index(value) for value in values], np.int32), tuple(names)
        )
    texts = [f"text {row}" for row in range(count)]
    return Dataset(
        texts, np.array(labels, np.int32), np.arange(count) + 7, 0, ("text", "label"), task, columns
    )


def for_file(**fields: object) -> Settings:
    return Settings(data="data.csv", **fields)


def write(path: Path, rows: Sequence[Sequence[object]], header: Sequence[str] = ("text", "label")) -> str:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return str(path)


def sentences(count: int, seed: int) -> list[str]:
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS, random.integers(2, 9))) + f" {row}" for row in range(count)]
