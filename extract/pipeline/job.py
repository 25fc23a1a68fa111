"""A run of stage one: the rows, the backbone, the recipe that follows from both, and all that its steps share."""

import dataclasses
import os
import platform
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

from headstart.cache.recipe import LEFT_OUT, Recipe, canonical_json
from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.progress import Clock, Reporter
from headstart.cache.runtime.shared_paths import shared_command, shared_path
from headstart.cache.splits import SPLITS, split_order, view_names
from headstart.cache.storage.object_store import check_location, is_url
from headstart.cache.storage.store import Store
from headstart.cache.task import class_counts
from headstart.cache.writer import CacheWriter, cache_name
from headstart.extract.backbone.precision import Precision, choose_precision
from headstart.extract.checkpoint.architecture import (
    Architecture,
    Dropout,
    chosen_layers,
    ended_at,
    read_architecture,
    read_dropout,
    require_length,
)
from headstart.extract.checkpoint.checkpoint import BUNDLED, Checkpoint, find_checkpoint
from headstart.extract.dataset.dataset import Dataset
from headstart.extract.dataset.read import read_dataset
from headstart.extract.pipeline.distributed import Hosts
from headstart.extract.settings import SAMPLES, Settings
from headstart.extract.splits.splitter import choose_splitter
from headstart.extract.tables.files import shown, stem
from headstart.extract.text.cleaning import Cleaning, from_json
from headstart.extract.text.cleaning_options import choose_cleaning
from headstart.extract.text.tokenizer_files import length_limit

DEFAULT_BACKBONE = "distilbert-base-uncased"
MOST_CLASSES = 12
"""Classes that the line about the data names."""


class ExtractJob(NamedTuple):
    """The features to compute and their sources: all that is known before the texts are cleaned.

    Attributes:
        settings: What the user chose.
        dataset: The rows.
        checkpoint: The backbone's files.
        architecture: Its shape.
        recipe: All that decides a value.
        remarks: Lines for the user about settings that could not be followed.
    """

    settings: Settings
    dataset: Dataset
    checkpoint: Checkpoint
    architecture: Architecture
    recipe: Recipe
    remarks: tuple[str, ...] = ()

    @property
    def precision(self) -> Precision:
        """The numbers in which the backbone computes."""
        return Precision.of(self.recipe)

    @property
    def location(self) -> str:
        """Path of the cache."""
        name = cache_name(stem(self.settings.data), self.checkpoint.name, self.recipe)
        return os.path.join(self.settings.cache_dir, name)

    @property
    def begun(self) -> bool:
        """Whether the cache is there, finished or not."""
        return Store(self.location).read_json("recipe.json") == self.recipe.to_json()

    @property
    def source(self) -> dict[str, Any]:
        """Names, for people, of the cache's sources; no value depends on them."""
        text, label = self.dataset.columns
        return {
            "data": shown(self.settings.data),
            "text_column": text,
            "label_column": label,
            "rows_without_text": self.dataset.missing,
            "backbone": self.checkpoint.name,
            "backbone_argument": self._backbone_argument,
            "python": platform.python_version(),
            "command": shared_command(self.settings.command),
        }

    @property
    def _backbone_argument(self) -> str:
        """What the user called the backbone; a folder as seen from the cache's, so that both can be moved together."""
        argument = self.settings.backbone or self.checkpoint.name
        if argument == BUNDLED or not os.path.isdir(argument):
            return argument
        return shared_path(argument, "." if is_url(self.location) else self.location)

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits to compute; with the training split go its views."""
        names = SPLITS if self.settings.split == "all" else (self.settings.split,)
        views = view_names(self.recipe.views) if "train" in names else ()
        return tuple(sorted((*names, *views), key=split_order))

    @property
    def label_columns(self) -> int:
        """Number of classes that each row has a label for; 0 where the label is the number of its class."""
        return self.dataset.labels.shape[1] if self.dataset.labels.ndim == 2 else 0

    @property
    def groups(self) -> Int[np.ndarray, " b"] | None:
        """Number of each row's group, int64; None where rows have no groups."""
        groups = choose_splitter(self.settings).groups
        return groups(self.dataset) if groups else None

    @property
    def cleaning(self) -> Cleaning:
        """The cleaning of the texts."""
        return from_json(self.recipe.cleaning)

    @property
    def dropout(self) -> Dropout | None:
        """Dropout of the views; None if there are none."""
        return read_dropout(self.checkpoint.config, self.settings)

    def describe(self) -> str:
        """Say what the data are taken for: columns, task, classes."""
        data = self.dataset
        text, label = data.columns
        classes = class_counts(data.task, data.labels)
        counts = ", ".join(f"{name}: {count:,}" for name, count in classes[:MOST_CLASSES])
        counts += f", ... {len(classes):,} classes" if len(classes) > MOST_CLASSES else ""
        every = " (all used)" if data.counts.used == data.counts.read else ""
        line = (
            f"{shown(self.settings.data)}: {len(data.texts):,} rows{every}, text {text!r}, "
            f"label {label!r}, {data.task.kind} ({counts})"
        )
        return line if every else f"{line}; {data.counts}"


class RunContext(NamedTuple):
    """All that the steps of one run share.

    Attributes:
        job: Rows, backbone and recipe.
        writer: The cache to fill.
        check_lock: Function to call before every write; raises if another job holds the cache's lock.
        hosts: The processes that share the job.
        clock: Sum of the seconds of each phase.
        reporter: Takes lines for the user, sizes and progress.
    """

    job: ExtractJob
    writer: CacheWriter
    check_lock: Callable[[], None]
    hosts: Hosts
    clock: Clock
    reporter: Reporter


def prepare(settings: Settings) -> ExtractJob:
    """Read the rows, find the backbone, and write the recipe.

    Raises:
        UserError: the data, the backbone or a setting is not what it has to be.
    """
    check_early(settings)
    return assemble(settings, read_dataset(settings))


def check_early(settings: Settings) -> None:
    """Find mistakes in settings before a large file is read.

    Raises:
        UserError: there is one.
    """
    choose_cleaning(settings.clean)
    check_location(settings.cache_dir)
    choose_splitter(settings)


def assemble(settings: Settings, dataset: Dataset) -> ExtractJob:
    """Find the backbone for rows, and write the recipe.

    Raises:
        UserError: the backbone or a setting is not what it has to be.
    """
    default = BUNDLED if settings.data in SAMPLES else DEFAULT_BACKBONE
    checkpoint = find_checkpoint(settings.backbone or default, settings.layout == "padded")
    architecture = ended_at(
        read_architecture(checkpoint.config, checkpoint.name), settings.layer, checkpoint.name
    )
    remarks: tuple[str, ...] = ()
    limit = length_limit(checkpoint.folder)
    if limit and limit.tokens < settings.max_length:
        remarks = (f"{limit.tokens} tokens of each text are kept, not {settings.max_length}: {limit.source}",)
        settings = dataclasses.replace(settings, max_length=limit.tokens)
    require_length(settings.max_length, architecture, checkpoint.name)
    recipe = make_recipe(settings, dataset, checkpoint, architecture)
    return _as_stored(ExtractJob(settings, dataset, checkpoint, architecture, recipe, remarks))


def _as_stored(job: ExtractJob) -> ExtractJob:
    """The job; or the same without layers and groups, where a release that knew of neither has stored its features."""
    layers = LEFT_OUT["layers"] if job.settings.layers is None else job.recipe.layers
    earlier = job._replace(recipe=dataclasses.replace(job.recipe, layers=layers, groups=False))
    if job.recipe == earlier.recipe or job.begun or not earlier.begun:
        return job
    remark = f"{shown(earlier.location)} is used as it is, with the last layer alone; --layers all stores every layer"
    return earlier._replace(remarks=(*job.remarks, remark))


def make_recipe(
    settings: Settings, dataset: Dataset, checkpoint: Checkpoint, architecture: Architecture
) -> Recipe:
    """Name every input that changes a value in the cache."""
    precision, dropout = choose_precision(settings), read_dropout(checkpoint.config, settings)
    splitter = choose_splitter(settings)
    cleaning = choose_cleaning(settings.clean)
    choice = "all" if settings.layers is None else settings.layers
    return Recipe(
        rows=dataset.digest(),
        row_count=len(dataset.texts),
        task=canonical_json(dataset.task.to_json()),
        cleaning=cleaning.to_json(),
        cleaning_versions=cleaning.versions,
        tokenizer=checkpoint.tokenizer_sha256,
        weights=checkpoint.weights_sha256,
        architecture=canonical_json(dataclasses.asdict(architecture)),
        max_length=settings.max_length,
        compute_dtype=precision.compute_dtype,
        matmul_precision=precision.matmul,
        forward=precision.forward,
        storage_dtype=settings.dtype,
        layout=choose_layout(settings),
        split_rule=splitter.describe(dataset),
        split_seed=settings.seed,
        dropout=canonical_json(dropout._asdict() if dropout else {}),
        layers=canonical_json(chosen_layers(choice, architecture.n_layers, checkpoint.name)),
        groups=splitter.groups is not None,
    )


def choose_layout(settings: Settings) -> str:
    """Return the name of the layout, see `cache.recipe.LAYOUTS`.

    Raises:
        UserError: two settings contradict each other.
    """
    if settings.views == "all":
        return settings.layout
    if settings.layout == "padded":
        raise UserError(
            "--views pooled stores no hidden states and --layout padded stores those of every position: "
            "choose one; the pooling heads read either"
        )
    return "pooled"
