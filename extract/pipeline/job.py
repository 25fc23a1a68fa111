"""A job: the rows, the backbone, and the recipe that follows from both."""

import os
import platform
from typing import Any, NamedTuple

from headstart.cache.recipe import Recipe
from headstart.cache.runtime.errors import UserError
from headstart.cache.splits import SPLITS, split_order, view_names
from headstart.cache.storage.object_store import check_location
from headstart.cache.writer import cache_name
from headstart.extract.backbone.architecture import Architecture, read_architecture
from headstart.extract.backbone.checkpoint import BUNDLED, Checkpoint, find_checkpoint
from headstart.extract.backbone.dropout import Dropout, read_dropout
from headstart.extract.backbone.precision import Precision
from headstart.extract.dataset.dataset import Dataset
from headstart.extract.dataset.read import read_dataset
from headstart.extract.pipeline.recipe import make_recipe
from headstart.extract.settings import SAMPLES, Settings
from headstart.extract.splits.splitter import choose_splitter
from headstart.extract.tables.files import shown, stem
from headstart.extract.text.cleaning import Cleaning, from_json
from headstart.extract.text.cleaning_options import choose_cleaning

DEFAULT_BACKBONE = "distilbert-base-uncased"

SHORTEST = 3  # [CLS], one token, [SEP]


class Job(NamedTuple):
    """What to compute, and from what: all that is known before the texts are cleaned."""

    settings: Settings
    rows: Dataset
    checkpoint: Checkpoint
    architecture: Architecture
    recipe: Recipe

    @property
    def precision(self) -> Precision:
        """In which numbers the backbone computes."""
        return Precision(self.recipe.compute_dtype, self.recipe.forward)

    @property
    def location(self) -> str:
        """Where the cache lies."""
        name = cache_name(stem(self.settings.data), self.checkpoint.name, self.recipe)
        return os.path.join(self.settings.cache_dir, name)

    @property
    def source(self) -> dict[str, Any]:
        """Names, for people, of what the cache was made from; no value depends on them."""
        text, label = self.rows.columns
        return {
            "data": shown(self.settings.data),
            "text_column": text,
            "label_column": label,
            "rows_without_text": self.rows.missing,
            "backbone": self.checkpoint.name,
            "backbone_argument": self.settings.backbone or self.checkpoint.name,
            "python": platform.python_version(),
            "command": self.settings.command,
        }

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the wanted splits; with the training split go its views."""
        wanted = SPLITS if self.settings.split == "all" else (self.settings.split,)
        views = view_names(self.recipe.views) if "train" in wanted else ()
        return tuple(sorted((*wanted, *views), key=split_order))

    @property
    def cleaning(self) -> Cleaning:
        """What is done to the texts."""
        return from_json(self.recipe.cleaning)

    @property
    def dropout(self) -> Dropout | None:
        """Dropout of the views; None if there are none."""
        return read_dropout(self.checkpoint.config, self.settings)


def prepare(settings: Settings) -> Job:
    """Read the rows, find the backbone, and write the recipe.

    Raises:
        UserError: the data, the backbone or a setting is not what it has to be.
    """
    choose_cleaning(settings.clean)  # a mistake is told before a large file is read
    check_location(settings.cache_dir)
    choose_splitter(settings)
    rows = read_dataset(settings)
    default = BUNDLED if settings.data in SAMPLES else DEFAULT_BACKBONE
    checkpoint = find_checkpoint(settings.backbone or default)
    architecture = read_architecture(checkpoint.config, checkpoint.name)
    _check_length(settings.max_length, architecture, checkpoint.name)
    return Job(
        settings, rows, checkpoint, architecture, make_recipe(settings, rows, checkpoint, architecture)
    )


def _check_length(max_length: int, architecture: Architecture, name: str) -> None:
    longest = architecture.max_position_embeddings
    if not SHORTEST <= max_length <= longest:
        raise UserError(
            f"--max-length {max_length} does not fit the backbone {name!r}: {SHORTEST} to {longest} tokens do"
        )
