"""What lies where in a run's folder, and what lies there that is not ours."""

import os
import re

from headstart.cache.runtime.errors import UserError
from headstart.train.engine.stored_files import ORBAX, STATE, STATE_FILE, require_no_link, strangers

_CHECKPOINT = r"\w+/(?:fold-\d+/)?seed-\d+/(?:best|last)"
_UNFINISHED = r"(?:.*/)?[\w-]+\.[0-9a-f]{16}\.partial/.*"
FORMS = {
    "checkpoints": rf"{_CHECKPOINT}/{ORBAX}|{_UNFINISHED}",
    "history": r"\w+(?:-seed-\d+)?\.png",
    "predictions": r"(?:valid|test)\.npz",
    "state": rf"(?:fold-\d+/)?{STATE}/{STATE_FILE}|{_UNFINISHED}",
}
"""Folders of a run, and the form of the paths of our files in each."""


def require_ours(path: str) -> list[str]:
    """Look for what other people have put where a run is written; returns what stays there and does no harm.

    Args:
        path: Folder of a run.

    Raises:
        UserError: something is in the way: a link, or somebody else's file in a checkpoint.
    """
    require_no_link(path)
    for folder in FORMS:
        require_no_link(os.path.join(path, folder))
    return [
        f"{folder}/{name}"
        for folder, form in FORMS.items()
        for name in strangers(os.path.join(path, folder), form)
        if not _in_the_way(os.path.join(path, folder), name)
    ]


def _in_the_way(folder: str, name: str) -> bool:
    """Always False.

    Raises:
        UserError: it is in the way.
    """
    place = os.path.join(folder, name)
    require_no_link(place)
    if re.match(_CHECKPOINT, name):
        raise UserError(f"{place} was not written by bench.py; move it away, or choose another --out")
    return False
