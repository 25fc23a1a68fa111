"""`headstart COMMAND ...`: the commands of the checkout under one name, wherever the package is installed."""

import sys
from importlib import import_module
from typing import NamedTuple

from headstart.cache.runtime.command_line import CommandLine, unknown, usage
from headstart.cache.runtime.completion import script
from headstart.cache.runtime.errors import EXIT_USER_ERROR, exit_code
from headstart.cache.runtime.output import say_next
from headstart.cache.runtime.text import STARTED_AS, say
from headstart.version import __version__


class Command(NamedTuple):
    """A command of the checkout.

    Attributes:
        module: Where it is; its `run` ends the process with an exit code.
        about: What it does, in a few words.
        before: Arguments that stand before the user's.
    """

    module: str
    about: str
    before: tuple[str, ...] = ()


COMMANDS = {
    "extract": Command("headstart.extract.__main__", "run the frozen encoder once over a data set"),
    "bench": Command("headstart.bench", "train heads on the cached features and compare them"),
    "layers": Command("headstart.bench", "choose the encoder's layer by measurement", ("layers",)),
    "compare": Command("headstart.bench", "put finished runs side by side", ("compare",)),
    "verify": Command("headstart.bench", "prove that a run is as it was written", ("verify",)),
    "predict": Command("headstart.predict", "label new text with a trained head"),
    "export": Command("headstart.predict", "write a head that labels text without this project", ("export",)),
    "cache": Command("headstart.cache.__main__", "list, show, verify, repair, remove feature caches"),
}
CHECKOUT = {
    "python -m extract": "headstart extract",
    "python -m cache": "headstart cache",
    "python bench.py": "headstart bench",
    "python predict.py": "headstart predict",
}
"""What the commands are called in the checkout, and here."""


ABOUT = "Freeze a text encoder, run it once, then train and compare small heads in seconds."


def print_completion(shells: list[str]) -> None:
    """Print a script for a shell: `eval "$(headstart --completion bash)"`."""
    say(script(" ".join(shells), every_command_line()), end="")


def every_command_line() -> dict[str, CommandLine]:
    """The command lines of all commands, by what stands behind `headstart`: `bench layers`."""
    lines = {}
    for name, (module, _, before) in COMMANDS.items():
        for words, line in import_module(module).COMMAND_LINES.items():
            if words.split()[: len(before)] == list(before):
                lines[" ".join([name, *words.split()[len(before) :]])] = line
    return lines


def main() -> None:
    """Run the command that the first argument names, and end the process with its exit code."""
    name, *rest = sys.argv[1:] or ["--help"]
    if name in ("-h", "--help"):
        commands = usage("headstart", ABOUT, {name: command.about for name, command in COMMANDS.items()})
        say(
            f"{commands}\nheadstart --version shows the version, headstart --completion bash a script for the shell."
        )
        if not sys.argv[1:]:
            say_next("try it on the bundled film reviews", "headstart", "extract", "--split", "all")
    elif name == "--version":
        say(__version__)
    elif name == "--completion":
        sys.exit(exit_code(lambda: print_completion(rest)))
    elif command := COMMANDS.get(name):
        STARTED_AS.update(CHECKOUT)
        sys.argv = [f"headstart {name}", *command.before, *rest]
        import_module(command.module).run()
    else:
        say(f"error: {unknown(name, tuple(COMMANDS))}", sys.stderr)
        sys.exit(EXIT_USER_ERROR)


if __name__ == "__main__":
    main()
