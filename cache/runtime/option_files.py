"""Options that are written in a file: in TOML, or in what an earlier run has left."""

import dataclasses
import itertools
import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.files import read_text
from headstart.cache.runtime.options import Argument, option
from headstart.cache.runtime.text import brief, did_you_mean

FILES = "options in files"
MOST_FLAGS = 500
"""No command has so many."""
LARGEST = 10**100
"""No number of an option is as large."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConfigSettings:
    """A file of options."""

    config: str | None = option(
        None,
        "TOML file of options, like max_length = 128; its paths are as seen from the working directory; the command "
        "line counts more, where --no-NAME turns a switch off (default: none)",
        metavar="FILE",
        group=FILES,
        repeats=False,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class LikeSettings(ConfigSettings):
    """A file of options, and an earlier run."""

    like: str | None = option(
        None,
        "take over the options of what is there, but for places of results; --config counts more (default: none)",
        group=FILES,
        repeats=False,
    )


def configurable(arguments: Sequence[Argument]) -> dict[str, Argument]:
    """The options of a command that a file can hold, by name."""
    return {a.name: a for a in arguments if not a.about.positional and a.about.group != FILES}


def read_config(path: str, arguments: Sequence[Argument]) -> dict[str, Any]:
    """Read a file of options.

    Args:
        path: The file.
        arguments: The options of the command.

    Raises:
        UserError: there is no such file, it is no TOML, or it names an option that the command does not have.
    """
    try:
        content = tomllib.loads(read_text(path, 2**20))
    except OSError as error:
        raise UserError(f"--config {path} cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"--config {path} is not TOML: {error}") from None
    known, values = configurable(arguments), {}
    for key, value in content.items():
        if (name := key.replace("-", "_")) not in known:
            raise UserError(
                f"{path}: there is no option {key!r}; {did_you_mean(name, known)}options: {', '.join(known)}"
            )
        if name in values:
            raise UserError(f"{path} holds the option {name} twice, with - and with _")
        values[name] = value
    return values


def as_words(place: str, values: Mapping[str, Any], arguments: Sequence[Argument]) -> list[str]:
    """Options of a file as a command line has them, whose parser then proves them.

    Args:
        place: The file, for messages.
        values: Values by the names of their options.
        arguments: The options of the command.

    Raises:
        UserError: a value is of a type that no option has.
    """
    known = configurable(arguments)
    return [word for name, value in values.items() for word in _words(place, known[name], value)]


def _words(place: str, argument: Argument, value: Any) -> Iterator[str]:
    items = value if isinstance(value, list | tuple) else [value]
    if argument.is_switch != isinstance(value, bool) or not all(map(_is_word, items)):
        right = "true or false" if argument.is_switch else "text, a number, or a list of them"
        raise UserError(f"{place}: {argument.name} is {brief(value)}; it has to be {right}")
    if argument.is_switch:
        yield argument.flag if value else argument.unset
    elif argument.about.nargs and len(items) != 1:
        yield from (argument.flag, *map(str, items))
    else:
        yield f"{argument.flag}={','.join(map(str, items))}"  # a value may begin with -


def _is_word(value: Any) -> bool:
    """Whether a value could stand on a command line, which has no NUL; Python writes no number that is longer."""
    if isinstance(value, str):
        return "\0" not in value
    return isinstance(value, float) or (isinstance(value, int) and abs(value) < LARGEST)


def flags_of(command: str) -> list[str]:
    """Flags of a command that a manifest names, which is data of somebody's; none if it is no command.

    Args:
        command: `python -m extract --data a.csv`, `headstart extract --data a.csv`.
    """
    try:
        words = shlex.split(command)
    except ValueError:  # a quote without an end
        return []
    if sum(word.startswith("-") for word in words) > MOST_FLAGS:  # argparse's time grows with their square
        return []
    return list(itertools.dropwhile(lambda word: word == "-m" or not word.startswith("-"), words))
