"""What a user can choose of `python -m cache`; every default is written here, once."""

import dataclasses

from headstart.cache.runtime.command_line import CommandLine
from headstart.cache.runtime.options import option
from headstart.cache.runtime.output import OutputSettings

PROGRAM, DEFAULT_ROOT = "python -m cache", "features"


@dataclasses.dataclass(frozen=True, kw_only=True)
class RootSettings(OutputSettings):
    """Where the caches lie."""

    cache_dir: str = option(
        DEFAULT_ROOT, "folder that holds the caches, or s3://BUCKET/PREFIX, gs://BUCKET/PREFIX"
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class CacheSettings(RootSettings):
    """One of them."""

    cache: str | None = option(
        None,
        "folder, beginning of the name, or newest (default: the only one there is)",
        positional=True,
        nargs="?",
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class VerifySettings(CacheSettings):
    """How much of it is read."""

    full: bool = option(False, "read and hash everything (default: yes)")
    fast: bool = option(False, "leave hidden states alone (default: no)")


@dataclasses.dataclass(frozen=True, kw_only=True)
class RepairSettings(CacheSettings):
    """How its blocks are made."""

    extract: list[str] = option(
        None, "flags of the extract command (default: none)", positional=True, nargs="*", metavar="-- FLAGS"
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class RemoveSettings(OutputSettings):
    """What is deleted."""

    cache: str = option(dataclasses.MISSING, "folder of the cache", positional=True)
    yes: bool = option(False, "do not ask (default: ask)")


def _command_line(name: str, about: str, settings: type, *examples: str) -> CommandLine:
    lines = tuple(f"{PROGRAM} {line}" for line in examples)
    return CommandLine(f"{PROGRAM} {name}", about, (settings,), examples=lines)


COMMAND_LINES = {
    line.prog.split()[-1]: line
    for line in (
        _command_line(
            "list",
            "one line for each cache",
            RootSettings,
            "list",
            "list --cache-dir /data/features",
            "list --json",
        ),
        _command_line(
            "show",
            "recipe, sizes, lengths, classes, times",
            CacheSettings,
            "show",
            "show features/NAME",
            "show features/NAME --json",
        ),
        _command_line(
            "verify",
            "prove a cache, or name each damaged block and why",
            VerifySettings,
            "verify",
            "verify features/NAME --fast",
            "verify s3://BUCKET/PREFIX/NAME --json",
        ),
        _command_line(
            "repair",
            "compute damaged blocks again, and nothing else",
            RepairSettings,
            "repair",
            "repair features/NAME",
            "repair features/NAME -- --data comments.csv --label-column toxic",
        ),
        _command_line(
            "remove",
            "delete a cache",
            RemoveSettings,
            "remove features/NAME",
            "remove features/NAME --yes",
            "remove s3://BUCKET/PREFIX/NAME --yes --json",
        ),
    )
}
