"""`python -m extract`: run the frozen backbone over a data set once and cache its hidden states."""

import argparse
import sys

from headstart.cache.runtime.command_line import CommandLineParser
from headstart.cache.runtime.environment import prepare_jax
from headstart.cache.runtime.errors import exit_code
from headstart.cache.runtime.text import printable, say
from headstart.cache.splits import MOST_VIEWS
from headstart.extract.settings import (
    COMPUTE_DTYPES,
    FORWARDS,
    LAYOUTS,
    ON_BAD_ROW,
    QUOTINGS,
    SPLIT_CHOICES,
    SPLIT_RULES,
    STORAGE_DTYPES,
    VIEWS,
    Settings,
)


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line: the fields of `Settings`, `where` and `preview`."""
    parser = CommandLineParser(prog="python -m extract", description=__doc__)
    parser.set_defaults(**vars(Settings()))
    _add_data_flags(parser)
    _add_input_flags(parser)
    _add_backbone_flags(parser)
    _add_run_flags(parser)
    _add_host_flags(parser)
    parsed = parser.parse_args(arguments)
    if isinstance(parsed.data, list):
        parsed.data = parsed.data[0] if len(parsed.data) == 1 else tuple(parsed.data)
    return parsed


def _add_data_flags(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--split", choices=SPLIT_CHOICES, help="what to compute (default: %(default)s)")
    add(
        "--data",
        nargs="+",
        help="'sample' (4,000 film reviews) or 'sample-full' (12,808); .csv .tsv .jsonl .parquet files, also as .gz "
        ".zip .zst; 'a/*.csv'; - for standard input; hf:OWNER/NAME from the Hugging Face hub (default: %(default)s)",
    )
    add("--text-column", help="column with the text (default: guessed)")
    add("--label-column", help="column with the label; a,b,c: several columns of 0 and 1 (default: guessed)")
    add("--class-names", help="names of the classes in their order: a,b,c (default: those in the file)")
    add(
        "--label-separator",
        help="between labels in a cell, where a row can have several (default: JSON lists)",
    )
    add("--limit", type=positive, help="use only so many rows, drawn at random (default: all)")
    add(
        "--split-rule",
        choices=SPLIT_RULES,
        help="'notebook' shuffles; 'stable' deals by content, so that a file can grow (default: %(default)s)",
    )
    add("--stratify", action="store_true", help="give each split its share of every class (default: off)")
    add("--split-column", help="column that says train, valid or test of each row (default: rows are dealt)")
    add("--group-column", help="column of which no value may stand in two splits (default: none)")
    add(
        "--valid-data", metavar="FILE", help="the validation rows, beside --data (default: dealt from --data)"
    )
    add("--test-data", metavar="FILE", help="the test rows, beside --data (default: dealt from --data)")
    add(
        "--clean",
        metavar="notebook|none|FILE.toml",
        help="how texts are cleaned; a file holds clean-text's options, like no_urls = true (default: %(default)s)",
    )
    add("--seed", type=seed, help="seed of the split (default: %(default)s)")


def _add_input_flags(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--encoding", help="of text files, like cp1252 (default: UTF-8, or what a byte-order mark says)")
    add(
        "--quoting",
        choices=QUOTINGS,
        help="of delimited text; 'minimal': quotes may stand around a cell; 'none': they are characters as others "
        "(default: %(default)s, found out)",
    )
    add(
        "--no-header",
        action="store_true",
        help="the first line of delimited text is a row; columns are called 1, 2, 3, ... (default: it names them)",
    )
    add(
        "--on-bad-row",
        choices=ON_BAD_ROW,
        help="'error' stops at a row that cannot be used, 'skip' leaves it out, 'report' lists it too "
        "(default: %(default)s)",
    )
    add("--bad-rows", help="file for that list, JSON Lines (default: %(default)s)")


def _add_backbone_flags(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--backbone",
        help="'minilm' (bundled), a folder, or a name on the Hugging Face hub "
        "(default: minilm for the samples, distilbert-base-uncased for your own data)",
    )
    add("--max-length", type=positive, help="tokens kept of each text (default: %(default)s)")
    add(
        "--layer",
        type=positive,
        metavar="N",
        help="the encoder ends at layer N: those above are neither computed nor loaded (default: all layers)",
    )
    add(
        "--compute-dtype",
        choices=COMPUTE_DTYPES,
        help="'float32'; 'mixed': bfloat16 operands, float32 sums; 'bfloat16': activations too "
        "(default: %(default)s, by device)",
    )
    add(
        "--forward",
        choices=FORWARDS,
        help="'packed' puts several rows into a sequence; 'packed-cudnn' also has cuDNN attend (NVIDIA, bfloat16); "
        "'stock' is the model's own code "
        "(default: %(default)s, packed where it can)",
    )


def _add_run_flags(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--dtype", choices=STORAGE_DTYPES, help="dtype in which features are stored (default: %(default)s)")
    add(
        "--views",
        choices=VIEWS,
        help="'pooled' stores three vectors of each row and no tokens, for the pooling heads (default: %(default)s)",
    )
    add(
        "--layout",
        choices=LAYOUTS,
        help="'padded' stores and pools padding positions too, for bench.py --notebook (default: %(default)s)",
    )
    add(
        "--layers",
        metavar="all|last|0,3,6",
        help="layers of which each row's pooled vectors are stored, for heads such as avg@3; 0: the embeddings "
        "(default: all)",
    )
    add(
        "--dropout-views",
        type=views,
        metavar="K",
        help="run the training rows K times with the backbone's dropout on; each epoch of training takes one of "
        "these views (default: none)",
    )
    add(
        "--cache-dir",
        help="folder of the caches, or s3://BUCKET/PREFIX, gs://BUCKET/PREFIX (default: %(default)s)",
    )
    add("--where", action="store_true", help="only say where the cache lies or would lie (default: off)")
    add(
        "--preview",
        type=positive,
        metavar="N",
        help="only show so many rows, cleaned and as tokens (default: off)",
    )
    add(
        "--workers",
        type=positive,
        help="processes that clean text (default: by the number of rows, one per core at most)",
    )
    add("--block-rows", type=positive, help="rows computed and committed together (default: %(default)s)")
    add("--batch-tokens", type=positive, help="padded tokens per device and batch (default: by device)")


def _add_host_flags(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group(
        "several hosts (on TPU pods and under srun found without flags)"
    ).add_argument
    add("--coordinator", metavar="HOST:PORT", help="of process 0, the same for all (default: one process)")
    add("--num-processes", type=positive, help="how many processes share the job (default: 1)")
    add("--process-id", type=int, help="this process's number, from 0 (default: 0)")


def positive(text: str) -> int:
    """Parse a whole number above 0."""
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{value} is not above 0")
    return value


def views(text: str) -> int:
    """Parse a number of views."""
    if not 0 <= (value := int(text)) <= MOST_VIEWS:
        raise argparse.ArgumentTypeError(f"{value} is not from 0 to {MOST_VIEWS}")
    return value


def seed(text: str) -> int:
    """Parse a seed that scikit-learn takes."""
    if not 0 <= (value := int(text)) < 2**32:
        raise argparse.ArgumentTypeError(f"{value} is not from 0 to 4294967295")
    return value


def prepare_data(arguments: list[str]) -> None:
    """Run `python -m extract prepare`: make a data file of a public one."""
    parser = CommandLineParser(
        prog="python -m extract prepare", description="Make a data file of a public one."
    )
    kinds = parser.add_subparsers(dest="kind", required=True)
    add = kinds.add_parser(
        "jigsaw", help="the notebook's balanced file, from Kaggle's train.csv"
    ).add_argument
    add("train", metavar="TRAIN", help="Kaggle's train.csv, plain or as .zip or .gz")
    add("-o", "--output", default="preprocessed.csv", help="file to write (default: %(default)s)")
    add("--seed", type=seed, default=42, help="seed of the draw of other comments (default: %(default)s)")
    options = parser.parse_args(arguments)
    from headstart.extract.dataset.jigsaw import prepare_jigsaw

    say(prepare_jigsaw(options.train, options.output, options.seed))


def main() -> None:
    """Run the command."""
    if sys.argv[1:2] == ["prepare"]:
        prepare_data(sys.argv[2:])
        return
    arguments = vars(parse_arguments())
    where, shown = arguments.pop("where"), arguments.pop("preview")
    settings = Settings(**arguments)
    prepare_jax()
    from headstart.cache.runtime.progress import TerminalReporter
    from headstart.extract.pipeline.job import prepare
    from headstart.extract.pipeline.run import extract
    from headstart.extract.preview import preview

    if where or shown:
        job = prepare(settings)
        say(printable(job.location) if where else "\n".join(preview(job, shown)))
        return

    location = extract(settings, TerminalReporter())
    say(printable(f"cache: {location}"))


def run() -> None:
    """Run the command, and end the process with its exit code."""
    sys.exit(exit_code(main, "the same command continues from the blocks that are finished"))


if __name__ == "__main__":
    run()
