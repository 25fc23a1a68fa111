"""A job: the rows, the backbone, and the recipe that follows from both."""

import dataclasses

from headstart.cache.recipe import Recipe, canonical_json
from headstart.cache.runtime.errors import UserError
from headstart.extract.backbone.architecture import Architecture
from headstart.extract.backbone.checkpoint import Checkpoint
from headstart.extract.backbone.dropout import read_dropout
from headstart.extract.backbone.precision import Precision, fastest_dtype
from headstart.extract.dataset.dataset import Dataset
from headstart.extract.settings import Settings
from headstart.extract.splits.splitter import choose_splitter
from headstart.extract.text.cleaning_options import choose_cleaning


def make_recipe(
    settings: Settings, rows: Dataset, checkpoint: Checkpoint, architecture: Architecture
) -> Recipe:
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
        split_rule=choose_splitter(settings).describe(rows),
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
