"""`python -m cache`: look at the feature caches on disk."""

import argparse
import sys

from cache.errors import exit_code


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m cache", description="Look at feature caches.")
    commands = parser.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("list", help="one line for each cache")
    listing.add_argument(
        "--cache-dir", default="features", help="folder that holds the caches (default: %(default)s)"
    )
    show = commands.add_parser("show", help="recipe, sizes, lengths, classes and times of one cache")
    show.add_argument("cache", nargs="?", help="folder of the cache (default: the only one there is)")
    show.add_argument(
        "--cache-dir", default="features", help="folder that holds the caches (default: %(default)s)"
    )
    return parser.parse_args(arguments)


def list_caches(root: str) -> None:
    """Print a line for each cache under `root`."""
    from cache.listing import describe_line, find_caches

    found = find_caches(root)
    for path in found:
        print(describe_line(path))
    if not found:
        print(f"no caches under {root}; make one with `python -m extract`")


def show_cache(path: str | None, root: str) -> None:
    """Print everything about one cache."""
    from cache.listing import describe, only_cache
    from cache.reader import open_cache

    for line in describe(open_cache(path or only_cache(root))):
        print(line)


def main() -> None:
    """Run the command."""
    arguments = parse_arguments()
    if arguments.command == "list":
        list_caches(arguments.cache_dir)
    else:
        show_cache(arguments.cache, arguments.cache_dir)


if __name__ == "__main__":
    sys.exit(exit_code(main))
