"""Removing what we wrote, and nothing else: files are known by the exact form of their path, and no link is entered."""

import contextlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from headstart.cache.runtime.errors import UserError

_DATABASE = r"(?:manifest\.ocdbt|d/[0-9a-f]{32})"
_ABOUT = r"_CHECKPOINT_METADATA|_METADATA|_sharding|array_metadatas/process_\d+|commit_success\.txt"
ORBAX = rf"(?:{_ABOUT}|(?:ocdbt\.process_\d+/)?{_DATABASE})"
"""Form of the paths of Orbax' files inside a folder of arrays."""
STATE, STATE_FILE = r"epoch-\d{6}", rf"(?:facts\.json|arrays/{ORBAX})"
"""Form of the names of the folders of states, and of the paths inside one, see `train.engine.resume`."""


def strangers(folder: Path | str, form: str) -> list[str]:
    """Paths below a folder, in order, of everything but folders and the files whose path has a form.

    Args:
        folder: The folder; without one nothing is there.
        form: A regular expression of whole paths below the folder.
    """
    return sorted(path for path, ours in _entries(Path(folder), form) if not ours)


def remove_files(folder: Path | str, form: str) -> None:
    """Remove the files below a folder whose path has a form, and the folders that are empty without them.

    Args:
        folder: The folder; it goes, too, if nothing is left.
        form: A regular expression of whole paths below the folder.
    """
    root = Path(folder)
    parents: set[Path] = set()
    for path in [path for path, ours in _entries(root, form) if ours]:
        (root / path).unlink(missing_ok=True)
        parents.update((root / path).parents)
    for parent in sorted(parents - set(root.parents), key=lambda parent: len(parent.parts), reverse=True):
        with contextlib.suppress(OSError):  # somebody else's file is in it
            parent.rmdir()


def require_no_link(path: Path | str) -> None:
    """Refuse a folder that is a link.

    Raises:
        UserError: it is one, and may lead to someone else's files.
    """
    if os.path.islink(path):
        raise UserError(f"{path} is a link, and no results are written through one; remove it")


def _entries(root: Path, form: str) -> Iterator[tuple[str, bool]]:
    """Everything below a folder that is no folder: its path, and whether it is a file of the form."""
    whole = re.compile(form)
    # os.walk lists a link to a folder among the folders, and does not enter it
    for at, folders, files in [] if root.is_symlink() else os.walk(root):
        for name in [*files, *(name for name in folders if os.path.islink(os.path.join(at, name)))]:
            entry = Path(at, name)
            path = entry.relative_to(root).as_posix()
            yield path, stat.S_ISREG(entry.lstat().st_mode) and bool(whole.fullmatch(path))
