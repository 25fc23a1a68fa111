"""What lies where in a run's folder, and what lies there that is not ours."""

import os
import re

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.files import PARTIAL
from headstart.train.engine.stored_files import ORBAX, STATE, STATE_FILE, require_no_link, strangers

_CHECKPOINT = r"[\w@]+/(?:fold-\d+/)?seed-\d+/(?:best|last)"
_UNFINISHED = rf"(?:.*/)?[\w-]+{PARTIAL}/.*"
FORMS = {
    "checkpoints": rf"{_CHECKPOINT}/{ORBAX}|{_UNFINISHED}",
    "history": r"[\w@]+(?:-seed-\d+)?\.png",
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
    harmless = []
    for folder, form in FORMS.items():
        for name in strangers(os.path.join(path, folder), form):
            _require_harmless(
                os.path.join(path, folder, name), in_checkpoint=bool(re.match(_CHECKPOINT, name))
            )
            harmless.append(f"{folder}/{name}")
    return harmless


def _require_harmless(place: str, in_checkpoint: bool) -> None:
    require_no_link(place)
    if in_checkpoint:
        raise UserError(f"{place} was not written by bench.py; move it away, or choose another --out")
