"""Command lines: a flag is written whole, and a mistake is said in words that move no cursor."""

import argparse
from typing import Any, NoReturn

from headstart.cache.runtime.text import as_started, printable


class CommandLineParser(argparse.ArgumentParser):
    """A parser, and so are those of its subcommands, that takes no flag cut short.

    Args:
        options: What `argparse.ArgumentParser` takes.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **options})
        self.prog = as_started(self.prog)

    def error(self, message: str) -> NoReturn:
        """Say a mistake, in which arguments are repeated: names of files that a pattern met, too."""
        super().error(printable(message))
