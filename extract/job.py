"""A job: the rows, the backbone, and the recipe that follows from both."""

import dataclasses
import os
import platform
from typing import Any, NamedTuple

from cache.errors import UserError
from cache.manifest import SPLITS
from cache.objects import check_location
from cache.recipe import Recipe, canonical_json
from cache.views import split_order, view_names
from cache.writer import cache_name
from extract.architecture import Architecture, read_architecture
from extract.checkpoint import BUNDLED, Checkpoint, find_checkpoint
from extract.cleaning import Cleaning, from_json
from extract.cleaning_file import choose_cleaning
from extract.dealing import choose_dealing, extra_files, other_columns
from extract.dropout import Dropout, read_dropout
from extract.precision import Precision, fastest_dtype
from extract.reading.sources import shown, stem
from extract.rows import Rows, read_rows
from extract.settings import Settings

DEFAULT_BACKBONE = "distilbert-base-uncased"
SHORTEST = 3  # [CLS], one token, [SEP]


class Job(NamedTuple):
    """What to compute, and from what: all that is known before the texts are cleaned."""

    settings: Settings
    rows: Rows
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
    choose_dealing(settings)
    rows = read_rows(
        _sources(settings),
        settings.text_column,
        settings.label_column,
        settings.limit,
        settings.seed,
        settings.class_names,
        other_columns(settings),
        on_bad_row=settings.on_bad_row,
        bad_rows=settings.bad_rows,
        encoding=settings.encoding,
        label_separator=settings.label_separator,
    )
    default = BUNDLED if settings.data == "sample" else DEFAULT_BACKBONE
    checkpoint = find_checkpoint(settings.backbone or default)
    architecture = read_architecture(checkpoint.config, checkpoint.name)
    _check_length(settings.max_length, architecture, checkpoint.name)
    return Job(
        settings, rows, checkpoint, architecture, make_recipe(settings, rows, checkpoint, architecture)
    )


def _sources(settings: Settings) -> str | list[str]:
    """The data, and behind them the files of single splits."""
    own = [settings.data] if isinstance(settings.data, str) else list(settings.data)
    extra = list(extra_files(settings).values())
    return [*own, *extra] if extra else settings.data if isinstance(settings.data, str) else own


def make_recipe(settings: Settings, rows: Rows, checkpoint: Checkpoint, architecture: Architecture) -> Recipe:
    """Name every input that changes a value in the cache."""
    precision, dropout = choose_precision(settings), read_dropout(checkpoint.config, settings)
    cleaning = choose_cleaning(settings.clean)
    return Recipe(
        rows=rows.digest(),
        row_count=len(rows.texts),
        task=canonical_json(rows.task.to_json()),
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
        split_rule=choose_dealing(settings).describe(rows),
        split_seed=settings.seed,
        dropout=canonical_json(dropout._asdict() if dropout else {}),
    )


def choose_layout(settings: Settings) -> str:
    """Return the name of the layout, see `cache.layout`.

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


def choose_precision(settings: Settings) -> Precision:
    """Return the wanted precision, or the fastest one.

    Raises:
        UserError: the stock model's code has no mixed precision, or packed rows have no padding and no dropout.
    """
    dtype = fastest_dtype() if settings.compute_dtype == "auto" else settings.compute_dtype
    forward = choose_forward(settings)
    if dtype == "mixed" and forward == "stock":
        if settings.compute_dtype == "mixed":
            raise UserError(
                "--compute-dtype mixed needs --forward packed, and neither --layout padded nor --dropout-views; "
                "the stock model has float32 and bfloat16"
            )
        dtype = "float32"
    return Precision(dtype, forward)


def choose_forward(settings: Settings) -> str:
    """Return the forward pass that gives what is wanted: only the model's own has padding and dropout.

    Raises:
        UserError: the other one was asked for.
    """
    only_stock = "--layout padded" if settings.layout == "padded" else ""
    only_stock = "--dropout-views" if settings.dropout_views else only_stock
    if only_stock and settings.forward.startswith("packed"):
        raise UserError(f"{only_stock} needs --forward stock: packed rows have neither padding nor dropout")
    if settings.forward == "auto":
        return "stock" if only_stock else "packed"
    return settings.forward


def _check_length(max_length: int, architecture: Architecture, name: str) -> None:
    longest = architecture.max_position_embeddings
    if not SHORTEST <= max_length <= longest:
        raise UserError(
            f"--max-length {max_length} does not fit the backbone {name!r}: {SHORTEST} to {longest} tokens do"
        )
