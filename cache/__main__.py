"""`python -m cache`: look at feature caches, prove them, mend them, remove them."""

import argparse
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

from cache.errors import UserError, exit_code

if TYPE_CHECKING:
    from cache.verify import Problem

DEFAULT_ROOT = "features"


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m cache", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    _add_root(commands.add_parser("list", help="one line for each cache"))
    _add_cache(commands.add_parser("show", help="recipe, sizes, lengths, classes and times of one cache"))
    verify = commands.add_parser("verify", help="prove a cache, or name each damaged block and why")
    _add_cache(verify)
    depth = verify.add_mutually_exclusive_group()
    depth.add_argument("--full", action="store_true", help="read and hash everything (default: yes)")
    depth.add_argument("--fast", action="store_true", help="leave hidden states alone (default: no)")
    repair = commands.add_parser("repair", help="compute damaged blocks again, and nothing else")
    _add_cache(repair)
    repair.add_argument(
        "extract", nargs="*", metavar="-- FLAGS", help="flags of the extract command (default: none)"
    )
    remove = commands.add_parser("remove", help="delete a cache")
    remove.add_argument("cache", help="folder of the cache")
    remove.add_argument("--yes", action="store_true", help="do not ask (default: ask)")
    return parser.parse_args(arguments)


def _add_root(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--cache-dir", default=DEFAULT_ROOT, help="folder that holds the caches (default: %(default)s)"
    )


def _add_cache(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("cache", nargs="?", help="folder of the cache (default: the only one there is)")
    _add_root(parser)


def list_caches(arguments: argparse.Namespace) -> None:
    """Print a line for each cache."""
    from cache.listing import describe_line, find_caches

    found = find_caches(arguments.cache_dir)
    for path in found:
        print(describe_line(path))
    if not found:
        print(f"no caches under {arguments.cache_dir}; make one with `python -m extract`")


def show_cache(arguments: argparse.Namespace) -> None:
    """Print everything about one cache."""
    from cache.listing import describe
    from cache.reader import open_cache

    for line in describe(open_cache(_location(arguments))):
        print(line)


def verify_cache(arguments: argparse.Namespace) -> None:
    """Print every problem of a cache.

    Raises:
        UserError: there are problems.
    """
    from cache.reader import open_cache
    from cache.verify import verify

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
        UserError: the flags are missing; the message has those that made the cache.
    """
    from cache.reader import open_cache
    from cache.repair import drop_damaged
    from cache.verify import verify

    location = _location(arguments)
    cache = open_cache(location)
    problems = verify(cache)
    _print_problems(problems)
    if not problems:
        print(f"{cache.name}: sound, nothing to repair")
        return
    if not arguments.extract:  # never run from the manifest: it is data
        made_by = str(cache.manifest.source.get("command", "")).removeprefix("python -m extract")
        raise UserError(
            f"to compute the damaged blocks again: python -m cache repair {shlex.quote(location)} --{made_by}"
        )
    dropped = drop_damaged(cache, problems)
    print(f"dropped {len(dropped)} damaged blocks: {', '.join(dropped) or 'none'}", flush=True)
    _run_extract(arguments.extract)
    if left := verify(open_cache(location)):
        _print_problems(left)
        raise UserError(f"{len(left)} problems are left in {location}")
    print(f"{cache.name}: sound again")


def remove_cache(arguments: argparse.Namespace) -> None:
    """Delete a cache, after asking."""
    from cache.listing import disk_bytes, readable
    from cache.repair import remove_cache

    if not arguments.yes:
        question = f"remove {arguments.cache} ({readable(disk_bytes(arguments.cache))})? [y/N] "
        if input(question).strip().lower() not in ("y", "yes"):
            raise UserError("nothing was removed")
    remove_cache(arguments.cache)
    print(f"removed {arguments.cache}")


def _location(arguments: argparse.Namespace) -> str:
    from cache.listing import only_cache

    return str(arguments.cache or only_cache(arguments.cache_dir))


def _print_problems(problems: "list[Problem]") -> None:
    for problem in problems:
        print(problem)


def _run_extract(flags: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", "extract", *flags], check=False)
    if done.returncode:
        raise UserError("extract ended with an error; the sound blocks are kept, run it again")


COMMANDS = {
    "list": list_caches,
    "show": show_cache,
    "verify": verify_cache,
    "repair": repair_cache,
    "remove": remove_cache,
}


def main() -> None:
    """Run the command."""
    arguments = parse_arguments()
    COMMANDS[arguments.command](arguments)


if __name__ == "__main__":
    sys.exit(exit_code(main))
