"""Options of commands: each is written once, as a field of a dataclass, and command lines are made of the fields.

jsonargparse 4.53, tyro 1.0 and cyclopts 5.5 make command lines of dataclasses, too. Measured on six of our options,
`--help` takes each of them 0.06 to 0.12 s of CPU more than argparse, and none keeps what users have: jsonargparse wants
`--split_rule` and `--quick true`; tyro's messages are boxes of 5 to 9 lines, and an optional number is `{None}|INT`;
cyclopts has boxes, too, and takes every option by its position as well.
"""

import argparse
import dataclasses
import functools
import types
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from headstart.cache.runtime.text import did_you_mean


class Option(NamedTuple):
    """What type and default of a field do not say.

    Attributes:
        help: What it does; the default is put behind, unless `(default: ...)` stands there.
        group: Heading below which the help lists it; empty: that of the most usual options.
        parse: Makes a value of a word of the command line, or raises `argparse.ArgumentTypeError`; None takes the type.
        choices: All values there are; a `Literal` says them itself.
        metavar: What stands for the value in the help.
        nargs: As argparse has it, where there are several values.
        short: A flag of one letter beside the long one.
        positional: Whether it is an argument without a flag.
        listed: Whether its value is a list with commas: then a blank in place of one is told.
        repeats: Whether another run of the same settings has it: not so where something lies, and what is printed.
    """

    help: str
    group: str = ""
    parse: Callable[[str], Any] | None = None
    choices: tuple[str, ...] = ()
    metavar: str | None = None
    nargs: str | None = None
    short: str | None = None
    positional: bool = False
    listed: bool = False
    repeats: bool = True


def option(default: Any, help: str, **facts: Any) -> Any:
    """A field of a dataclass that is an option of a command.

    Args:
        default: Its default; `dataclasses.MISSING` if there is none, and it has to be written.
        help: What it does.
        facts: The other fields of `Option`.
    """
    return dataclasses.field(default=default, metadata={"option": Option(help, **facts)})


class Argument(NamedTuple):
    """A field as a command line has it: its name, what is written about it, type of a value, choices, default."""

    name: str
    about: Option
    kind: type
    choices: tuple[str, ...]
    default: Any
    required: bool

    @property
    def flag(self) -> str:
        """How it is written: `--max-length`."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def placeholder(self) -> str:
        """How an argument without a flag stands in a command line."""
        word = self.about.metavar or self.name.upper()
        return {"?": f"[{word}]", "*": f"[{word} ...]", "+": f"{word} ..."}.get(self.about.nargs or "", word)

    @property
    def is_switch(self) -> bool:
        """Whether it takes no value."""
        return self.kind is bool

    @property
    def unset(self) -> str:
        """The flag that turns a switch off, which a file may have turned on: `--no-quick`, `--floors`."""
        return f"--{self.flag[5:]}" if self.flag.startswith("--no-") else f"--no-{self.flag[2:]}"

    @property
    def help(self) -> str:
        """What it does, and its default."""
        if self.about.positional or "(default: " in self.about.help:
            return self.about.help
        return f"{self.about.help} (default: {'off' if self.is_switch else '%(default)s'})"

    def add_to(self, parser: Any) -> None:
        """Put it on a command line.

        Args:
            parser: An argument parser, or a group of one.
        """
        about = self.about
        facts: dict[str, Any] = {"help": self.help, "default": self.default}
        if self.is_switch:
            facts["action"] = "store_true"
            hidden = dict.fromkeys(("default", "help"), argparse.SUPPRESS)  # where a file has turned it on
            parser.add_argument(self.unset, dest=self.name, action="store_false", **hidden)
        else:
            facts["type"] = one_of(self.choices) if self.choices else about.parse or self.kind
            facts["metavar"] = about.metavar or (f"{{{','.join(self.choices)}}}" if self.choices else None)
            facts |= {"choices": self.choices or None, "nargs": about.nargs}
        if about.positional:
            parser.add_argument(self.name, **facts)
        else:
            parser.add_argument(*filter(None, [about.short, self.flag]), dest=self.name, **facts)


@functools.cache
def arguments_of(settings: type) -> tuple[Argument, ...]:
    """The options of a dataclass, in the order of its fields."""
    hints = get_type_hints(settings)
    return tuple(_argument(field, hints[field.name]) for field in dataclasses.fields(settings))


def _argument(field: "dataclasses.Field[Any]", hint: Any) -> Argument:
    about = field.metadata["option"]
    if isinstance(hint, types.UnionType):
        hint = get_args(hint)[0]  # `int | None`: nobody writes None
    choices = get_args(hint) if get_origin(hint) is Literal else about.choices
    kind = str if choices or get_origin(hint) else hint
    required = field.default is dataclasses.MISSING
    return Argument(field.name, about, kind, choices, None if required else field.default, required)


def words_of(settings: Any, **changes: Any) -> list[str]:
    """The flags that give a dataclass of settings: those that are not its defaults.

    Args:
        settings: The settings.
        changes: Other values of some fields; None leaves a flag out.
    """
    words = []
    for argument in arguments_of(settings.__class__):
        value = changes.get(argument.name, getattr(settings, argument.name))
        if value is None or value == argument.default:
            continue
        if argument.is_switch:
            words.append(argument.flag)
        else:
            words += (
                [f"{argument.flag}={value}"] if str(value).startswith("-") else [argument.flag, str(value)]
            )
    return words


def one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    """What takes one of some words."""

    def parse(text: str) -> str:
        if text not in choices:
            listed = ", ".join(choices)
            raise argparse.ArgumentTypeError(
                f"invalid choice: {text!r}; {did_you_mean(text, choices)}choose from {listed}"
            )
        return text

    return parse


def number(least: int, most: int | None = None) -> Callable[[str], int]:
    """What takes a whole number, `least` and `most` included."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
        if value < least or (most is not None and value > most):
            limits = f"above {least - 1}" if most is None else f"from {least} to {most}"
            raise argparse.ArgumentTypeError(f"{value} is not {limits}")
        return value

    return parse
