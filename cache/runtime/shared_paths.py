"""Paths as they stand in files that are sent on: nobody learns whose home they were in, or where its disk is."""

import os
import shlex
from pathlib import Path


def shared_path(path: str, start: str = ".") -> str:
    """A path as seen from a folder, such as `../models/tiny`; only its last name where that would tell of the home.

    That is where the way leads through the root of the file system, or through a folder that holds the user's home.

    Args:
        path: A local path, absolute or as seen from the working directory; a URL stays as it is.
        start: The folder.
    """
    if "://" in path:
        return path
    target, origin = os.path.abspath(path), os.path.abspath(start)
    if os.path.commonpath([target, origin]) in _above_home():
        return os.path.basename(target)
    return os.path.relpath(target, origin)


def shared_command(line: str) -> str:
    """A command line with each path as `shared_path` gives it; one that cannot be split stays as it is."""
    try:
        words = shlex.split(line)
    except ValueError:  # a quote without an end: somebody else's
        return line
    shared = [shared_path(word) if _is_path(word) else word for word in words]
    return line if shared == words else shlex.join(shared)


def _is_path(word: str) -> bool:
    """Whether a word leads to another folder; `a/b` may be a model's name, too."""
    outside = word.startswith((os.sep, os.pardir + os.sep))
    return bool(word.strip(os.sep)) and (outside or (os.sep in word and os.path.exists(word)))


def _above_home() -> set[str]:
    """The root, and every folder that holds the home, by the home's name and by its real place."""
    home = os.path.expanduser("~")
    places = Path(os.path.abspath(home)), Path(os.path.realpath(home))
    return {os.sep, *(str(folder) for place in places for folder in place.parents)}
