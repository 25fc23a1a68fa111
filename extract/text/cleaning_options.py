"""What `--clean` says: the notebook's cleaning, none, or clean-text's options from a TOML file."""

import inspect
import os
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.text import did_you_mean
from headstart.extract.text.cleaning import NONE, NOTEBOOK, PATTERNS, Cleaning
from headstart.extract.text.library import cleaner

NAMED = {"notebook": NOTEBOOK, "none": NONE}
LANGUAGES = "lang"


def choose_cleaning(choice: str) -> Cleaning:
    """Return the cleaning of a name, or of a file.

    Args:
        choice: `notebook`, `none`, or the path of a TOML file such as `no_urls = true`.

    Raises:
        UserError: it is no such name, or the file holds something else than options of clean-text.
    """
    if choice in NAMED:
        return NAMED[choice]
    if not choice.lower().endswith(".toml"):
        hint = did_you_mean(choice, NAMED)
        raise UserError(f"--clean {choice} is neither notebook, none nor a .toml file; {hint}see --help")
    known, options = defaults(), _read(choice)
    check_options(options, choice)
    # Without what is the default anyway: a file that says what the notebook says gives the notebook's cache.
    return Cleaning({name: value for name, value in options.items() if value != known[name]})


def check_options(options: Mapping[str, Any] | None, place: str) -> None:
    """Refuse what clean-text does not take.

    Args:
        options: Clean-text's options by name; None for no cleaning.
        place: Where they stand, for messages.

    Raises:
        UserError: an option is unknown, or its value is.
    """
    known = defaults()
    for name, value in (options or {}).items():
        _check(place, name, value, known)


def defaults() -> dict[str, Any]:
    """Clean-text's options and their defaults."""
    parameters = list(inspect.signature(cleaner()).parameters.values())
    return {parameter.name: parameter.default for parameter in parameters[1:]}


def _read(path: str) -> dict[str, Any]:
    if not os.path.isfile(path):
        raise UserError(f"there is no file {path}; --clean takes notebook, none or a TOML file of options")
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(
            f"{path} is not TOML ({error}); write one option in each line, like no_urls = true"
        ) from None


def _check(path: str, name: str, value: Any, known: dict[str, Any]) -> None:
    if name not in known:
        hint = did_you_mean(name, known)
        raise UserError(
            f"{path}: clean-text has no option {name!r}; {hint}the options are: {', '.join(known)}"
        )
    if fitting := _mistake(name, value, known[name]):
        raise UserError(f"{path}: {name} = {value!r} does not fit; wanted: {fitting}")


def _mistake(name: str, value: Any, default: Any) -> str | None:
    """What would fit in place of a value; None if it fits."""
    if name == PATTERNS:
        return None if _are_patterns(value) else "a list of regular expressions"
    if isinstance(default, bool):
        return None if isinstance(value, bool) else "true or false"
    if name == LANGUAGES:
        languages = _languages()
        return None if value in languages else f"one of {', '.join(languages)}"
    # clean-text hands the text on as a template, in which a backslash begins a reference
    fits = isinstance(value, str) and value.isprintable() and "\\" not in value
    return None if fits else "a text in quotes, without backslashes and line breaks"


def _are_patterns(value: Any) -> bool:
    try:
        return isinstance(value, list) and all(re.compile(pattern) for pattern in value)
    except (re.error, TypeError, RecursionError):
        return False


def _languages() -> tuple[str, ...]:
    from cleantext.specials import specials_map

    return ("en", *specials_map)
