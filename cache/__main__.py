"""`python -m cache`: look at feature caches, prove them, mend them, remove them."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from headstart.cache.inspect.choice import chosen_cache, named_cache, newest
from headstart.cache.inspect.listing import (
    describe,
    describe_absent,
    describe_line,
    details,
    disk_bytes,
    find_caches,
    summary_of,
)
from headstart.cache.inspect.options import (
    COMMAND_LINES,
    DEFAULT_ROOT,
    PROGRAM,
    CacheSettings,
    RemoveSettings,
    RepairSettings,
    RootSettings,
    VerifySettings,
)
from headstart.cache.inspect.repair import (
    damaged_blocks,
    damaged_units,
    drop_blocks,
    mend_groups,
    remove_cache,
)
from headstart.cache.inspect.verify import Problem, verify
from headstart.cache.reader import Cache, open_cache
from headstart.cache.runtime.command_line import choose
from headstart.cache.runtime.errors import UserError, exit_code
from headstart.cache.runtime.option_files import flags_of
from headstart.cache.runtime.output import remarks, say_json, say_next
from headstart.cache.runtime.progress import TerminalReporter, command_phase
from headstart.cache.runtime.signals import EXIT_INTERRUPTED
from headstart.cache.runtime.text import STARTED_AS, format_bytes, printable, say
from headstart.cache.splits import rows_split
from headstart.cache.storage.object_store import is_url

STANDARD_ERROR = 2
"""Its number, for a child process."""
WHOLE = ["--worker", "0/1"]
"""Flags of the one worker that makes all of a cache that workers have made."""


def list_caches(arguments: RootSettings) -> None:
    """Print a line for each cache."""
    paths = find_caches(arguments.cache_dir)
    if arguments.json:
        say_json([summary_of(path) for path in paths])
        return
    for path in paths:
        say(describe_line(path))
    if not paths:
        _say(f"no caches under {arguments.cache_dir}; make one with `python -m extract --split all`")
    elif arguments.talks and (finished := newest(paths, finished=True)):
        _say_bench(finished)


def show_cache(arguments: CacheSettings) -> None:
    """Print everything about one cache."""
    cache = open_cache(_location(arguments))
    if arguments.json:
        say_json(details(cache))
        return
    for line in describe(cache):
        say(line)


def verify_cache(arguments: VerifySettings) -> None:
    """Print every problem of a cache.

    Raises:
        UserError: there are problems.
    """
    if arguments.full and arguments.fast:
        raise UserError("--full and --fast exclude each other; give one of them")
    cache = open_cache(_location(arguments))
    with command_phase(f"proving {cache.name}", not arguments.talks):
        problems = verify(cache, full=not arguments.fast)
    if arguments.json:
        listed = [problem._asdict() for problem in problems]
        say_json({"path": cache.store.location, "sound": not problems, "problems": listed})
    else:
        _print_problems(problems)
    if problems:
        raise UserError(_verdict(cache, problems))
    depth = "small arrays and metadata" if arguments.fast else "every byte"
    if not arguments.json:
        size = f"{cache.manifest.rows:,} rows, {cache.manifest.tokens:,} tokens"
        _say(f"{cache.name}: sound ({size}; {depth} checked)")
    if arguments.talks:
        _say_bench(cache.store.location)


def _say_bench(location: str) -> None:
    say_next("train heads on it", "python", "bench.py", "--heads", "all", "--cache", location)


def _verdict(cache: Cache, problems: list[Problem]) -> str:
    """Say how many problems there are, and what mends them."""
    unfinished = describe_absent(cache)
    state = f"{cache.name} is {unfinished}: " if unfinished else ""
    mendable = damaged_blocks(problems) or any(problem.kind in ("group", "unit") for problem in problems)
    mended = "`python -m cache repair` mends it" if mendable else "no block is damaged"
    return f"{state}{len(problems)} problems in {cache.store.location}; {mended}"


def repair_cache(arguments: RepairSettings) -> None:
    """Drop what is damaged and run `extract` with the flags that the user gave, which computes only that.

    Raises:
        UserError: the flags are missing, or are those of another cache; nothing was dropped then.
    """
    cache = open_cache(_location(arguments))
    with remarks(arguments.quiet, apart=arguments.quiet or arguments.json):
        blocks = _repair(cache, arguments)
    if arguments.json:
        say_json({"path": cache.store.location, "repaired": blocks})
    else:
        _say(f"{cache.name}: sound again" if blocks else f"{cache.name}: no block to repair")


def _repair(cache: Cache, arguments: RepairSettings) -> list[str]:
    """Compute what is damaged again; names of the blocks."""
    if folders := mend_groups(cache):
        _say(f"{cache.name}: wrote zarr.json of {len(folders)} folders, for other readers of Zarr")
    with TerminalReporter(apart=True).phase(f"proving {cache.name}"):
        problems = verify(cache)
    _print_problems(problems)
    blocks, units = damaged_blocks(problems), damaged_units(problems)
    if not (blocks or units):
        return []
    if unfinished := describe_absent(cache):
        _say(f"{cache.name}: {unfinished}")
    _check_flags(cache, arguments.extract)
    splits = drop_blocks(cache, blocks)
    _say(f"dropped {', '.join(blocks)}" if blocks else "the records of units are written again")
    for flags in _again(cache, splits):
        quiet = ["--quiet"] if arguments.quiet else []
        _run_extract([*arguments.extract, *flags, *quiet], apart=arguments.json)
    if left := verify(open_cache(cache.store.location)):
        _print_problems(left)
        raise UserError(f"{len(left)} problems are left in {cache.store.location}")
    return [*blocks, *units]


def _again(cache: Cache, splits: list[str]) -> list[list[str]]:
    """Flags of the commands that compute what some splits lack, in blocks as they were cut."""
    if cache.recipe.units:  # one worker: of a unit it computes what is not there
        return [[*WHOLE, "--block-rows", str(max(record.rows for _, record in cache.manifest.blocks()))]]
    rows = {rows_split(split): str(cache.manifest.block_rows(split)) for split in splits}
    return [["--block-rows", count, "--split", split] for split, count in rows.items()]


def _check_flags(cache: Cache, flags: list[str]) -> None:
    """Ask `extract` where its cache would lie, before anything is dropped."""
    location = cache.store.location
    if not flags:  # those in the manifest are never run: it is data
        flags = flags_of(str(cache.manifest.source.get("command", "")))
        command = shlex.join(flags) or "FLAGS, those that you gave to `python -m extract`"
        again = f"python -m cache repair {shlex.quote(location)} -- {command}"
        raise UserError(f"to compute the damaged blocks again: {again}")
    whole = WHOLE if cache.recipe.units else []
    asked = subprocess.run(
        [*_extract(), *flags, *whole, "--where"], stdout=subprocess.PIPE, text=True, check=False
    )
    if asked.returncode:
        raise UserError("extract does not take these flags; nothing was dropped")
    if not _same_place(asked.stdout.strip(), location):
        raise UserError(f"these flags make {asked.stdout.strip()}, not {location}; nothing was dropped")


def _same_place(one: str, other: str) -> bool:
    """Whether a place is the other one; of the first we may have read the printed form."""
    if is_url(other):
        return one in (other, printable(other))
    return printable(os.path.realpath(one)) == printable(os.path.realpath(other))


def ask_and_remove(arguments: RemoveSettings) -> None:
    """Delete a cache, after asking."""
    location = named_cache(arguments.cache, DEFAULT_ROOT)
    remote = is_url(location)
    if not remote and not os.path.isdir(location):
        raise UserError(f"there is no folder {location}")
    if not arguments.yes:
        size = "" if remote else f" ({format_bytes(disk_bytes(location))})"
        asks = sys.stderr if arguments.json else sys.stdout
        say(printable(f"remove {location}{size}? [y/N] "), asks, end="")
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise UserError("nothing was removed")
    remove_cache(location)
    if arguments.json:
        say_json({"removed": location})
    else:
        _say(f"removed {location}")


def _location(arguments: CacheSettings) -> str:
    return chosen_cache(arguments.cache, arguments.cache_dir)


def _say(line: str) -> None:
    say(printable(line))


def _print_problems(problems: list[Problem]) -> None:
    for problem in problems:
        _say(str(problem))


def _extract() -> list[str]:
    """The command line of `extract`, which then speaks of commands as this process does."""
    return [sys.executable, "-m", *(["headstart", "extract"] if STARTED_AS else ["headstart.extract"])]


def _run_extract(flags: list[str], apart: bool) -> None:
    _say(f"running: python -m extract {shlex.join(flags)}")
    child = subprocess.Popen([*_extract(), *flags], stdout=STANDARD_ERROR if apart else None)
    try:
        code = child.wait()
    except KeyboardInterrupt:
        child.terminate()  # which a terminal's Ctrl-C has done already
        code = child.wait()
    if code == EXIT_INTERRUPTED:
        sys.exit(code)  # the child has said how to continue
    if code:
        raise UserError("extract ended with an error; the sound blocks are kept, run it again")


COMMANDS: dict[str, Callable[[Any], None]] = {
    "list": list_caches,
    "show": show_cache,
    "verify": verify_cache,
    "repair": repair_cache,
    "remove": ask_and_remove,
}
WHEN_INTERRUPTED = {
    "repair": "what it dropped is still to be computed: the same command goes on",
    "remove": "some of the files may be gone; the same command removes the rest, or remove the folder",
}


def main() -> None:
    """Run the command."""
    first = "see which caches there are", ["python", "-m", "cache", "list"]
    name, arguments = choose(PROGRAM, __doc__ or "", COMMAND_LINES, sys.argv[1:], lambda: first)
    (settings,) = COMMAND_LINES[name].parse(arguments)
    COMMANDS[name](settings)


def run() -> None:
    """Run the command, and end the process with its exit code."""
    sys.exit(exit_code(main, WHEN_INTERRUPTED.get("".join(sys.argv[1:2]), "nothing was changed")))


if __name__ == "__main__":
    run()
