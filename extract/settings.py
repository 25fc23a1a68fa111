"""What a user can choose for stage one; every default is written here, once."""

import dataclasses
import shlex
from typing import NamedTuple

from headstart.cache.runtime.text import as_started
from headstart.cache.splits import SPLITS

SAMPLE = "sample"
SAMPLES = (SAMPLE, "sample-full")
FILM_COLUMN = "movie_name"  # of the samples: a film's reviews belong together
ON_BAD_ROW = ("error", "skip", "report")
QUOTINGS = ("auto", "minimal", "none")
SPLIT_CHOICES = (*SPLITS, "all")
SPLIT_RULES = ("notebook", "stable")
STORAGE_DTYPES = ("float16", "bfloat16", "float32")
VIEWS = ("all", "pooled")
LAYOUTS = ("ragged", "padded")
FORWARDS = ("auto", "packed", "packed-cudnn", "stock")
# FlaxDistilBert adds -1e30 to masked scores: float16 gives NaN
COMPUTE_DTYPES = ("auto", "float32", "mixed", "bfloat16")


class TableFormat(NamedTuple):
    """How text files are read.

    Attributes:
        encoding: Their encoding; None takes UTF-8, or what a byte-order mark says.
        quoting: `minimal`: quotes may stand around a cell; `none`: they are characters as others; `auto` decides.
        no_header: Whether delimited text has no line that names the columns; they are then 1, 2, 3, ...
    """

    encoding: str | None = None
    quoting: str = "auto"
    no_header: bool = False


@dataclasses.dataclass(frozen=True)
class Settings:
    """Settings of one run of `python -m extract`.

    Attributes:
        data: `sample`, `sample-full`; or a file, a glob pattern, `-` for standard input, `hf:OWNER/NAME`, or several
            of these.
        split: Which splits to compute.
        text_column: Column that holds the text; None guesses it.
        label_column: Column that holds the label, or several columns of 0 and 1, separated by commas; None guesses it.
        class_names: Names of the classes in their order, separated by commas; None takes those in the file.
        label_separator: What stands between the labels of a cell, where a row can have several; None takes JSON
            arrays.
        encoding: Encoding of text files; None takes UTF-8, or what a byte-order mark says.
        quoting: Whether quotes stand around cells of delimited text, see `TableFormat`.
        no_header: Whether delimited text has no line that names the columns.
        on_bad_row: What to do about a row that cannot be used, see `extract.tables.bad_rows`.
        bad_rows: File that lists such rows, if `on_bad_row` is `report`.
        backbone: `minilm`, a folder, or a model's name on the Hugging Face hub; None takes `minilm` for the samples and
            `distilbert-base-uncased` for a file.
        max_length: Tokens kept per row, special tokens included.
        dtype: Storage dtype of the features.
        views: `all` stores hidden states and pooled vectors, `pooled` only these.
        layout: `ragged` stores real tokens; `padded` all `max_length` positions of each row, as the notebook's heads
            saw them, and pools over all of them.
        layers: The encoder's states whose pooled vectors are stored: `last` for no more than the last layer's, `all`,
            or numbers, separated by commas: 0 for the embeddings, i for layer i; None takes all, unless there are the
            same features as releases before layers stored them.
        layer: The encoder ends at this layer; None takes all of its layers.
        dropout_views: How often the training split runs through the backbone with its dropout on.
        compute_dtype: How the backbone computes, see `extract.backbone.precision`; `auto` takes what suits the device.
        forward: `packed` puts several rows into a sequence; `packed-cudnn` also has cuDNN attend, on an NVIDIA GPU in
            bfloat16; `stock` is the model's own code; `auto` takes `packed` unless padding or dropout is asked for,
            which only the other has.
        split_rule: `notebook` shuffles; `stable` splits by content, so that a file can grow.
        stratify: Each split gets its share of every class.
        split_column: Column that names each row's split; None lets the rule decide.
        group_column: Column of which no value may stand in two splits; None groups the samples by film.
        valid_data: File with the validation rows, beside `data`.
        test_data: File with the test rows, beside `data`.
        clean: `notebook`, `none`, or the path of a TOML file with clean-text's options.
        seed: Seed of the split, of dropout, and of the draw of `limit`.
        limit: Use only so many rows, drawn at random; None uses all.
        cache_dir: Folder (or `gs://`, `s3://` prefix) that holds the caches.
        workers: Processes that clean text; None chooses by the number of rows.
        block_rows: Rows computed and committed together.
        batch_tokens: Padded tokens per device and batch; None takes what suits the device.
        coordinator: `host:port` of process 0, where several processes share a job.
        num_processes: How many processes share it.
        process_id: Number of this process, from 0.
    """

    data: str | tuple[str, ...] = SAMPLE
    split: str = "all"
    text_column: str | None = None
    label_column: str | None = None
    class_names: str | None = None
    label_separator: str | None = None
    encoding: str | None = None
    quoting: str = "auto"
    no_header: bool = False
    on_bad_row: str = "error"
    bad_rows: str = "bad-rows.jsonl"
    backbone: str | None = None
    max_length: int = 150
    dtype: str = "float16"
    views: str = "all"
    layout: str = "ragged"
    layers: str | None = None
    layer: int | None = None
    dropout_views: int = 0
    compute_dtype: str = "auto"
    forward: str = "auto"
    split_rule: str = "notebook"
    stratify: bool = False
    split_column: str | None = None
    group_column: str | None = None
    valid_data: str | None = None
    test_data: str | None = None
    clean: str = "notebook"
    seed: int = 42
    limit: int | None = None
    cache_dir: str = "features"
    workers: int | None = None
    block_rows: int = 1024
    batch_tokens: int | None = None
    coordinator: str | None = None
    num_processes: int | None = None
    process_id: int | None = None

    @property
    def table_format(self) -> TableFormat:
        """How text files are read."""
        return TableFormat(self.encoding, self.quoting, self.no_header)

    @property
    def groups(self) -> str | None:
        """Column that says which rows belong together; None if nothing does."""
        return self.group_column or (FILM_COLUMN if self.data in SAMPLES else None)

    @property
    def split_columns(self) -> list[str]:
        """Names of the columns that splitting reads."""
        return [name for name in (self.split_column, self.groups) if name]

    @property
    def split_files(self) -> dict[str, str]:
        """Files that hold the rows of a single split, by the split's name."""
        files = {"valid": self.valid_data, "test": self.test_data}
        return {name: path for name, path in files.items() if path}

    @property
    def files(self) -> list[str]:
        """The data, and behind them the files of single splits."""
        data = (self.data,) if isinstance(self.data, str) else self.data
        return [*data, *self.split_files.values()]

    @property
    def command(self) -> str:
        """The command line that gives these settings."""
        defaults = Settings()
        chosen = {
            name: value
            for name, value in vars(self).items()
            if value != getattr(defaults, name) or name == "data"
        }
        return " ".join(
            [as_started("python -m extract"), *(_flag(name, value) for name, value in chosen.items())]
        )


def _flag(name: str, value: object) -> str:
    flag = f"--{name.replace('_', '-')}"
    if value is True:
        return flag
    between = (
        "=" if str(value).startswith("-") and value != "-" else " "
    )  # -1,0,1 alone would be taken for a flag
    return f"{flag}{between}{shlex.join(value) if isinstance(value, tuple) else shlex.quote(str(value))}"
