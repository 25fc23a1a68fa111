"""Command lines, made of the options in dataclasses: a flag is written whole, and a mistake is one line."""

import argparse
import itertools
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

from headstart.cache.runtime.errors import EXIT_USER_ERROR, UserError
from headstart.cache.runtime.option_files import as_words, read_config
from headstart.cache.runtime.options import Argument, arguments_of
from headstart.cache.runtime.output import say_next
from headstart.cache.runtime.text import as_started, did_you_mean, printable, say

COMMON = "common"
ORDER = ("", "tables", "splits", "cleaning", "advanced")
"""Headings of the help, from the most usual options on; others follow."""


class CommandLineParser(argparse.ArgumentParser):
    """A parser, and so are those of its subcommands, that takes no flag cut short.

    Args:
        options: What `argparse.ArgumentParser` takes.

    Attributes:
        flags: Of which one may have been meant by an unknown one.
        lists: Those whose values are lists with commas.
        words: The command line.
        place: The file that is being read; empty for the command line.
    """

    flags: Sequence[str] = ()
    lists: Sequence[str] = ()
    words: Sequence[str] = ()
    place = ""

    def __init__(self, **options: Any) -> None:
        formatter = argparse.RawDescriptionHelpFormatter
        super().__init__(**{"allow_abbrev": False, "formatter_class": formatter, **options})
        self.prog = as_started(self.prog)

    def format_help(self) -> str:
        """The help, whose examples work where the process was started."""
        return as_started(super().format_help())

    def error(self, message: str) -> NoReturn:
        """Say a mistake, in which arguments are repeated: names of files that a pattern met, too."""
        message = f"{self.place}: {message}" if self.place else message
        if "unrecognized arguments: " in message:
            words = message.partition("arguments: ")[2].split()
            flags = [word.partition("=")[0] for word in words if word.startswith("-")]
            near = "".join(did_you_mean(flag, self.flags) for flag in flags)
            question = near or self._with_commas(words[0])
            message = f"{message}; {question}".rstrip("; ")
        end = " " if message.endswith("?") else "; "
        shown = f"{self.prog}: error: {printable(message)}{end}--help shows what there is\n"
        self.exit(EXIT_USER_ERROR, shown)

    def _with_commas(self, word: str) -> str:
        """A question whether a word that follows a list was to be its next item."""
        at = self.words.index(word) if word in self.words else 0
        before = [place for place in range(at) if self.words[place].startswith("-")]
        if not before or (flag := self.words[before[-1]].partition("=")[0]) not in self.lists:
            return ""
        items = itertools.takewhile(lambda item: not item.startswith("-"), self.words[before[-1] + 1 :])
        first = [self.words[before[-1]].partition("=")[2], *items]
        return f"did you mean '{flag} {','.join(item.strip(',') for item in first if item.strip(','))}'? "


UNSET = object()
"""Of an option that is not on the command line."""
Like = Callable[[str, Collection[str]], dict[str, Any]]


class CommandLine(NamedTuple):
    """A command, and what can be written behind it.

    Attributes:
        prog: How it is called.
        about: What it does.
        settings: Dataclasses whose fields are its options.
        changes: Other fields of `Argument`, or of `Option`, by the option's name: where two commands share a class.
        examples: How it is used.
        like: Reads the options of an earlier run: gets its place and the names of the options that the user has chosen.
    """

    prog: str
    about: str
    settings: tuple[type, ...]
    changes: Mapping[str, Mapping[str, Any]] = {}
    examples: tuple[str, ...] = ()
    like: Like | None = None

    @property
    def arguments(self) -> list[Argument]:
        """Its options, in the order of the help."""
        each = [argument for settings in self.settings for argument in arguments_of(settings)]
        return [self._changed(argument) for argument in each]

    def _changed(self, argument: Argument) -> Argument:
        changes = self.changes.get(argument.name, {})
        about = {name: value for name, value in changes.items() if name in argument.about._fields}
        others = {name: value for name, value in changes.items() if name not in about}
        return argument._replace(about=argument.about._replace(**about), **others)

    def parser(self, add_help: bool = True) -> CommandLineParser:
        """A parser of its options.

        Args:
            add_help: Whether `--help` is one of them.
        """
        epilog = "\n".join(["examples:", *(f"  {line}" for line in self.examples)]) if self.examples else None
        each = self.arguments
        usage = " ".join(["%(prog)s [OPTIONS]", *(a.placeholder for a in each if a.about.positional)])
        parser = CommandLineParser(
            prog=self.prog, usage=usage, description=self.about, epilog=epilog, add_help=add_help
        )
        parser.flags = [argument.flag for argument in each if not argument.about.positional]
        parser.lists = [argument.flag for argument in each if argument.about.listed]
        parser._optionals.title = COMMON
        titles = {argument.about.group for argument in each}
        ordered = dict.fromkeys(
            title for title in (*ORDER, *(a.about.group for a in each)) if title in titles
        )
        groups = {title: parser.add_argument_group(title) if title else parser for title in ordered}
        for argument in each:
            argument.add_to(groups[argument.about.group])
        return parser

    def parse(self, arguments: Sequence[str] | None = None) -> list[Any]:
        """Parse a command line, and the files of options that it names: what they give for each class of settings.

        Args:
            arguments: What stands behind the command; None takes that of the process.

        Raises:
            UserError: a file cannot be read.
            SystemExit: the arguments are wrong, or ask for help.
        """
        parser = self.parser()
        parser.words = sys.argv[1:] if arguments is None else arguments
        unset = {argument.name: UNSET for argument in self.arguments}
        first = vars(parser.parse_args(arguments, argparse.Namespace(**unset)))
        namespace = self._from_files(parser, {k: v for k, v in first.items() if v is not UNSET})
        parser.parse_args(arguments, namespace)
        if missing := [a.flag for a in self.arguments if a.required and getattr(namespace, a.name) is None]:
            parser.error(f"the following arguments are required: {', '.join(missing)}")
        return [filled(settings, namespace) for settings in self.settings]

    def _from_files(self, parser: CommandLineParser, chosen: Mapping[str, Any]) -> argparse.Namespace:
        namespace, like, config = argparse.Namespace(), chosen.get("like"), chosen.get("config")
        options = read_config(config, self.arguments) if config else {}
        earlier = self.like(like, {*chosen, *options}) if like and self.like else {}
        # argparse asks for them in every line that it reads
        required = [str(chosen[a.name]) for a in self.arguments if a.about.positional and a.required]
        for parser.place, values in ((like or "", earlier), (config or "", options)):
            if values:
                words = as_words(parser.place, values, self.arguments)
                parser.parse_args([*words, "--", *required] if required else words, namespace)
        parser.place = ""
        return namespace


def filled(settings: type, namespace: argparse.Namespace) -> Any:
    """A class of settings out of what a parser gives."""
    values = {}
    for argument in arguments_of(settings):
        value = getattr(namespace, argument.name)
        if isinstance(value, list) and not argument.about.positional:  # one value is itself
            value = value[0] if len(value) == 1 else tuple(value)
        values[argument.name] = value
    return settings(**values)


def choose(
    prog: str,
    about: str,
    lines: Mapping[str, CommandLine],
    arguments: Sequence[str],
    first: Callable[[], tuple[str, Sequence[str]]] | None = None,
) -> tuple[str, list[str]]:
    """The subcommand that the first words name, and what stands behind them.

    Args:
        prog: How the command is called.
        about: What it does.
        lines: Its subcommands by name; the empty one is the command without any.
        arguments: What stands behind the command.
        first: Gives what to begin with, and the command, to somebody who writes no argument; None where that works.

    Raises:
        UserError: there is no such subcommand.
        SystemExit: the subcommands are asked for, or there is no argument: nothing is started, and the code is that of
            a user's mistake, so that a script does not go on as if something were done.
    """
    for name in filter(None, lines):
        if list(arguments[: len(name.split())]) == name.split():
            return name, list(arguments[len(name.split()) :])
    if not arguments and first:
        commands = {name: line.about for name, line in lines.items()}
        say(short_usage(lines[""]) if "" in lines else usage(prog, about, commands), sys.stderr)
        what, words = first()
        say_next(what, *words)
        sys.exit(EXIT_USER_ERROR)
    word, names = arguments[0] if arguments else "", [name for name in lines if name]
    begun = word in {name.split()[0] for name in names}
    takes_words = "" in lines and any(argument.about.positional for argument in lines[""].arguments)
    if "" in lines and not begun and (takes_words or not did_you_mean(word, names)):
        return "", list(arguments)
    if arguments and arguments[-1] in ("-h", "--help"):
        say(usage(prog, about, {name: line.about for name, line in lines.items() if name}))
        sys.exit()
    raise unknown(" ".join(arguments[:2]) if begun else word, names)


def short_usage(line: CommandLine) -> str:
    """What a command is for, and three examples."""
    about = line.about.strip().splitlines()[0]
    examples = [f"  {example}" for example in line.examples]
    last = f"{line.prog} --help shows every option."
    return "\n".join([line.parser().format_usage().strip(), "", about, "", "examples:", *examples, "", last])


def usage(prog: str, about: str, commands: Mapping[str, str]) -> str:
    """The help of a command that has subcommands: what each does, in the first line about it."""
    width = max(map(len, commands)) + 2
    lines = [f"  {name:<{width}}{text.splitlines()[0]}" for name, text in commands.items()]
    last = f"{prog} COMMAND --help shows a command's options."
    return "\n".join([f"usage: {prog} COMMAND [OPTIONS]", "", about.strip(), "", *lines, "", last])


def unknown(name: str, commands: Sequence[str]) -> UserError:
    """The mistake that a command has no subcommand of a name, or got none."""
    what = f"there is no command {name!r}; {did_you_mean(name, commands)}"
    return UserError(f"{what if name else 'a command is missing; '}commands: {', '.join(commands)}")
