"""A name that somebody else has chosen begins no line of a message, and moves no cursor, whatever it is a name of."""

import copy
import csv
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.cache import UserError, open_cache
from headstart.cache.inspect.choice import only_cache
from headstart.cache.task import Task
from headstart.extract.checkpoint.architecture import chosen_layers
from headstart.extract.checkpoint.checkpoint import find_checkpoint
from headstart.extract.dataset.read import read_dataset
from headstart.extract.pipeline.distributed import FailedTogetherError
from headstart.extract.predict.options import LabelSettings, check_arguments
from headstart.extract.settings import Settings
from headstart.extract.text.library import SlowTextError
from headstart.heads.registry import GROUPS
from headstart.heads.spec import POOLING
from headstart.train.head_names import choose_heads
from headstart.train.results.folder import RunFolder

NAMES = ("x\nerror: all is well", "\x1b[2J\x1b[Hx\r", "\u202etxt.\u2028x", "x\x85\x9b31m\t")


def column(name: str, folder: Path) -> None:
    with (folder / "data.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["text", name, "label"], ["a", "b", "1"], ["c", "d", "0"]])
    read_dataset(Settings(data=str(folder / "data.csv"), text_column="body", label_column="label"))


def caches(name: str, folder: Path) -> None:
    for end in "ab":
        os.makedirs(folder / f"{name}{end}")
        (folder / f"{name}{end}" / "recipe.json").write_text("{}")
    only_cache(str(folder))


def run(name: str, folder: Path) -> None:
    (folder / name).mkdir()
    (folder / name / "results.json").write_text("{}")
    RunFolder(str(folder / name)).record()


def labels(name: str, folder: Path) -> None:
    with (folder / "data.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["text", "label"], ["a", name], ["c", "0"], ["d", "1"]])
    read_dataset(Settings(data=str(folder / "data.csv"), class_names=f"{name},y"))


KINDS: dict[str, Callable[[str, Path], object]] = {
    "file": lambda name, folder: read_dataset(Settings(data=f"{folder}/{name}.csv")),
    "column": column,
    "classes": labels,
    "kind of task": lambda name, folder: Task.from_json({"kind": name, "classes": ["a", "b"]}),
    "head": lambda name, folder: choose_heads(name, GROUPS, POOLING),
    "head on a layer": lambda name, folder: choose_heads(f"avg@{name}", GROUPS, POOLING),
    "layers": lambda name, folder: chosen_layers(name, 6, "six"),
    "encoder": lambda name, folder: chosen_layers("9", 6, name),
    "cache": lambda name, folder: open_cache(f"{folder}/{name}"),
    "caches": caches,
    "run": run,
    "backbone": lambda name, folder: find_checkpoint(f"{folder}/{name}", False),
    "host": lambda name, folder: _raise(FailedTogetherError(f"host {name} failed")),
    "format": lambda name, folder: check_arguments(LabelSettings(run="r", input="a.csv", output=f"a.{name}")),
    "text": lambda name, folder: _raise(SlowTextError(f"the text {name}", 3)),
}


def _raise(error: Exception) -> None:
    raise error


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_name_stays_in_its_line(kind: str, name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        KINDS[kind](name, tmp_path)
    lines = str(caught.value).split("\n")
    assert len(lines) == (3 if kind == "caches" else 1)
    assert all(line.isprintable() for line in lines)
    assert not any(line.startswith("error") for line in lines)


@pytest.mark.parametrize("kind", ["file", "column", "head", "head on a layer", "cache", "text"])
def test_a_name_as_long_as_a_file_is_cut(kind: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        KINDS[kind]("x" * 100_000, tmp_path)
    assert len(str(caught.value)) < 4_100


def test_a_message_is_the_same_in_another_process() -> None:
    slow = copy.copy(SlowTextError("a\nb", 3))
    assert (str(slow), slow.position) == ("a\\nb", 3)
    several = copy.copy(UserError("a", "b"))
    assert several.lines == ("a", "b")
