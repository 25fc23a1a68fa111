"""`python -m cache`: look at feature caches, prove them, mend them, remove them."""

import argparse
import functools
import os
import shlex
import subprocess
import sys

from headstart.cache.inspect.listing import describe, describe_line, disk_bytes, find_caches, only_cache
from headstart.cache.inspect.repair import damaged_blocks, drop_blocks, remove_cache
from headstart.cache.inspect.verify import Problem, verify
from headstart.cache.reader import Cache, open_cache
from headstart.cache.runtime.errors import UserError, exit_code
from headstart.cache.runtime.signals import EXIT_INTERRUPTED
from headstart.cache.runtime.text import format_bytes, printable
from headstart.cache.splits import rows_split
from headstart.cache.storage.object_store import is_url

DEFAULT_ROOT = "features"


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m cache", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    add = functools.partial(commands.add_parser, allow_abbrev=False)
    _add_root(add("list", help="one line for each cache"))
    _add_cache(add("show", help="recipe, sizes, lengths, classes, times"))
    proof = add("verify", help="prove a cache, or name each damaged block and why")
    _add_cache(proof)
    depth = proof.add_mutually_exclusive_group()
    depth.add_argument("--full", action="store_true", help="read and hash everything (default: yes)")
    depth.add_argument("--fast", action="store_true", help="leave hidden states alone (default: no)")
    repair = add("repair", help="compute damaged blocks again, and nothing else")
    _add_cache(repair)
    repair.add_argument(
        "extract", nargs="*", metavar="-- FLAGS", help="flags of the extract command (default: none)"
    )
    remove = add("remove", help="delete a cache")
    remove.add_argument("cache", help="folder of the cache")
    remove.add_argument("--yes", action="store_true", help="do not ask (default: ask)")
    return parser.parse_args(arguments)


def _add_root(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--cache-dir",
        default=DEFAULT_ROOT,
        help="folder that holds the caches, or s3://BUCKET/PREFIX, gs://BUCKET/PREFIX (default: %(default)s)",
    )


def _add_cache(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("cache", nargs="?", help="folder of the cache (default: the only one there is)")
    _add_root(parser)


def list_caches(arguments: argparse.Namespace) -> None:
    """Print a line for each cache."""
    paths = find_caches(arguments.cache_dir)
    for path in paths:
        print(describe_line(path))
    if not paths:
        print(f"no caches under {arguments.cache_dir}; make one with `python -m extract`")


def show_cache(arguments: argparse.Namespace) -> None:
    """Print everything about one cache."""
    for line in describe(open_cache(_location(arguments))):
        print(line)


def verify_cache(arguments: argparse.Namespace) -> None:
    """Print every problem of a cache.

    Raises:
        UserError: there are problems.
    """
    cache = open_cache(_location(arguments))
    problems = verify(cache, full=not arguments.fast)
    _print_problems(problems)
    if problems:
        raise UserError(
            f"{len(problems)} problems in {cache.store.location}; `python -m cache repair` mends it"
        )
    depth = "small arrays and metadata" if arguments.fast else "every byte"
    print(
        f"{cache.name}: sound ({cache.manifest.rows:,} rows, {cache.manifest.tokens:,} tokens; {depth} checked)"
    )


def repair_cache(arguments: argparse.Namespace) -> None:
    """Drop what is damaged and run `extract` with the flags that the user gave, which computes only that.

    Raises:
        UserError: the flags are missing, or are those of another cache; nothing was dropped then.
    """
    cache = open_cache(_location(arguments))
    problems = verify(cache)
    _print_problems(problems)
    if not (blocks := damaged_blocks(problems)):
        print(f"{cache.name}: no block to repair")
        return
    _check_flags(cache, arguments.extract)
    splits = drop_blocks(cache, blocks)
    print(f"dropped {', '.join(blocks)}", flush=True)
    for split in dict.fromkeys(map(rows_split, splits)):
        rows = str(cache.manifest.block_rows(split))
        _run_extract([*arguments.extract, "--block-rows", rows, "--split", split])
    if left := verify(open_cache(cache.store.location)):
        _print_problems(left)
        raise UserError(f"{len(left)} problems are left in {cache.store.location}")
    print(f"{cache.name}: sound again")


def _check_flags(cache: Cache, flags: list[str]) -> None:
    """Ask `extract` where its cache would lie, before anything is dropped."""
    location = cache.store.location
    if not flags:  # those in the manifest are never run: it is data
        made_by = shlex.split(str(cache.manifest.source.get("command", "")))[3:]
        again = f"python -m cache repair {shlex.quote(location)} -- {shlex.join(made_by)}"
        raise UserError(f"to compute the damaged blocks again: {again}")
    asked = subprocess.run(
        [sys.executable, "-m", "extract", *flags, "--where"], stdout=subprocess.PIPE, text=True, check=False
    )
    if asked.returncode:
        raise UserError("extract does not take these flags; nothing was dropped")
    if not _same_place(asked.stdout.strip(), location):
        raise UserError(f"these flags make {asked.stdout.strip()}, not {location}; nothing was dropped")


def _same_place(one: str, other: str) -> bool:
    return one == other if is_url(other) else os.path.realpath(one) == os.path.realpath(other)


def ask_and_remove(arguments: argparse.Namespace) -> None:
    """Delete a cache, after asking."""
    remote = is_url(arguments.cache)
    if not remote and not os.path.isdir(arguments.cache):
        raise UserError(f"there is no folder {arguments.cache}")
    if not arguments.yes:
        size = "" if remote else f" ({format_bytes(disk_bytes(arguments.cache))})"
        question = f"remove {arguments.cache}{size}? [y/N] "
        print(question, end="", flush=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise UserError("nothing was removed")
    remove_cache(arguments.cache)
    print(f"removed {arguments.cache}")


def _location(arguments: argparse.Namespace) -> str:
    return str(arguments.cache or only_cache(arguments.cache_dir))


def _print_problems(problems: list[Problem]) -> None:
    for problem in problems:
        print(printable(str(problem)))


def _run_extract(flags: list[str]) -> None:
    print(f"running: python -m extract {shlex.join(flags)}", flush=True)
    child = subprocess.Popen([sys.executable, "-m", "extract", *flags])
    try:
        code = child.wait()
    except KeyboardInterrupt:
        child.terminate()  # which a terminal's Ctrl-C has done already
        code = child.wait()
    if code == EXIT_INTERRUPTED:
        sys.exit(code)  # the child has said how to continue
    if code:
        raise UserError("extract ended with an error; the sound blocks are kept, run it again")


COMMANDS = {
    "list": list_caches,
    "show": show_cache,
    "verify": verify_cache,
    "repair": repair_cache,
    "remove": ask_and_remove,
}
WHEN_INTERRUPTED = {
    "repair": "blocks that it said to have dropped are computed by `python -m extract` with the same flags",
    "remove": "some of the files may be gone; the same command removes the rest, or remove the folder",
}


def main() -> None:
    """Run the command."""
    arguments = parse_arguments()
    COMMANDS[arguments.command](arguments)


if __name__ == "__main__":
    sys.exit(exit_code(main, WHEN_INTERRUPTED.get("".join(sys.argv[1:2]), "nothing was changed")))
