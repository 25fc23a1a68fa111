"""The version is written in one place."""

import re
from importlib.metadata import version
from pathlib import Path

from headstart.version import __version__

ROOT = Path(__file__).parent.parent


def test_what_is_installed_has_it() -> None:
    assert version("headstart") == __version__


def test_the_changelog_begins_with_it() -> None:
    (first, *_) = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert first == __version__
