"""What a user can choose for stage one; every default is written here, once."""

import dataclasses
import shlex
from typing import NamedTuple

from headstart.cache.runtime.options import number, option
from headstart.cache.runtime.text import as_started
from headstart.cache.splits import MOST_VIEWS, SPLITS

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

READING, DEALING, CLEANING = "tables", "splits", "cleaning"
ADVANCED = "advanced"


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
    """Settings of one run of `python -m extract`; each field says itself what it is."""

    data: str | tuple[str, ...] = option(
        SAMPLE,
        "'sample' (4,000 film reviews) or 'sample-full' (12,808); .csv .tsv .jsonl .parquet files, also as .gz "
        ".zip .zst; 'a/*.csv'; 's3://BUCKET/*.parquet', gs://; - for standard input; hf:OWNER/NAME from the hub",
        nargs="+",
    )
    split: str = option("all", "what to compute", choices=SPLIT_CHOICES)
    text_column: str | None = option(None, "column with the text (default: guessed)")
    label_column: str | None = option(
        None, "column with the label; a,b,c: several columns of 0 and 1 (default: guessed)", listed=True
    )
    class_names: str | None = option(
        None,
        "names of the classes in their order: a,b,c (default: those in the file)",
        group=READING,
        listed=True,
    )
    label_separator: str | None = option(
        None, "between labels in a cell, where a row can have several (default: JSON lists)", group=READING
    )
    encoding: str | None = option(
        None, "of text files, like cp1252 (default: UTF-8, or what a byte-order mark says)", group=READING
    )
    quoting: str = option(
        "auto",
        "of delimited text; 'minimal': quotes may stand around a cell; 'none': they are characters as others "
        "(default: %(default)s, found out)",
        choices=QUOTINGS,
        group=READING,
    )
    no_header: bool = option(
        False,
        "the first line of delimited text is a row; columns are called 1, 2, 3, ... (default: it names them)",
        group=READING,
    )
    on_bad_row: str = option(
        "error",
        "'error' stops at a row that cannot be used, 'skip' leaves it out, 'report' lists it too",
        choices=ON_BAD_ROW,
        group=READING,
    )
    bad_rows: str = option("bad-rows.jsonl", "file for that list, JSON Lines", group=READING, repeats=False)
    backbone: str | None = option(
        None,
        "'minilm' (bundled), a folder, or a name on the Hugging Face hub "
        "(default: minilm for the samples, distilbert-base-uncased for your own data)",
    )
    max_length: int = option(150, "tokens kept of each text, special tokens included", parse=number(1))
    dtype: str = option(
        "float16", "dtype in which features are stored", choices=STORAGE_DTYPES, group=ADVANCED
    )
    views: str = option(
        "all",
        "'pooled' stores three vectors of each row and no tokens, for the pooling heads",
        choices=VIEWS,
        group=ADVANCED,
    )
    layout: str = option(
        "ragged",
        "'padded' stores and pools padding positions too, for bench.py --notebook",
        choices=LAYOUTS,
        group=ADVANCED,
    )
    layers: str | None = option(
        None,
        "layers of which each row's pooled vectors are stored, for heads such as avg@3; 0: the embeddings "
        "(default: all)",
        metavar="all|last|0,3,6",
        listed=True,
        group=ADVANCED,
    )
    """None is `all`, unless there are the same features as releases before layers stored them."""
    layer: int | None = option(
        None,
        "the encoder ends at layer N: those above are neither computed nor loaded (default: all layers)",
        parse=number(1),
        metavar="N",
        group=ADVANCED,
    )
    dropout_views: int = option(
        0,
        "run the training rows K times with the backbone's dropout on; each epoch of training takes one of "
        "these views (default: none)",
        parse=number(0, MOST_VIEWS),
        metavar="K",
        group=ADVANCED,
    )
    compute_dtype: str = option(
        "auto",
        "'float32'; 'mixed': bfloat16 operands, float32 sums; 'bfloat16': activations too "
        "(default: %(default)s, by device)",
        choices=COMPUTE_DTYPES,
        group=ADVANCED,
    )
    forward: str = option(
        "auto",
        "'packed' puts several rows into a sequence; 'packed-cudnn' also has cuDNN attend (NVIDIA, bfloat16); "
        "'stock' is the model's own code (default: %(default)s, packed where it can)",
        choices=FORWARDS,
        group=ADVANCED,
    )
    split_rule: str = option(
        "notebook",
        "'notebook' shuffles all rows; 'stable' splits by content, so that a file can grow",
        choices=SPLIT_RULES,
        group=DEALING,
    )
    stratify: bool = option(False, "give each split its share of every class", group=DEALING)
    split_column: str | None = option(
        None,
        "column that says train, valid or test of each row (default: rows are split at random)",
        group=DEALING,
    )
    group_column: str | None = option(
        None,
        "column of which no value may stand in two splits (default: none; the samples' films)",
        group=DEALING,
    )
    valid_data: str | None = option(
        None, "the validation rows, beside --data (default: split off --data)", metavar="FILE", group=DEALING
    )
    test_data: str | None = option(
        None, "the test rows, beside --data (default: split off --data)", metavar="FILE", group=DEALING
    )
    clean: str = option(
        "notebook",
        "how texts are cleaned: as in the notebook that this project follows (ASCII without punctuation, links, line "
        "breaks), not at all, or by a file with clean-text's options, like no_urls = true",
        group=CLEANING,
        metavar="notebook|none|FILE.toml",
    )
    seed: int = option(
        42,
        "seed of the split, of dropout, and of the draw of --limit",
        parse=number(0, 2**32 - 1),
        group=DEALING,
    )
    limit: int | None = option(None, "use only so many rows, drawn at random (default: all)", parse=number(1))
    cache_dir: str = option(
        "features", "folder of the caches, or s3://BUCKET/PREFIX, gs://BUCKET/PREFIX", repeats=False
    )
    workers: int | None = option(
        None,
        "processes that clean text (default: by the number of rows, one per core at most)",
        parse=number(1),
        group=ADVANCED,
    )
    block_rows: int = option(1024, "rows computed and committed together", parse=number(1), group=ADVANCED)
    batch_tokens: int | None = option(
        None, "padded tokens per device and batch (default: by device)", parse=number(1), group=ADVANCED
    )
    worker: str | None = option(
        None,
        "one of N workers, from 0, which each compute a part of the data and need no other; auto: numbered by Slurm, "
        "Kubernetes or Open MPI (default: this command computes all)",
        metavar="I/N|auto|auto/N",
        group=ADVANCED,
        repeats=False,
    )
    coordinator: str | None = option(
        None,
        "several hosts: of process 0, the same for all; on TPU pods and under srun found (default: one process)",
        metavar="HOST:PORT",
        group=ADVANCED,
        repeats=False,
    )
    num_processes: int | None = option(
        None,
        "several hosts: processes that share the job (default: 1)",
        parse=number(1),
        group=ADVANCED,
        repeats=False,
    )
    process_id: int | None = option(
        None, "several hosts: this process's number, from 0 (default: 0)", group=ADVANCED, repeats=False
    )

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
