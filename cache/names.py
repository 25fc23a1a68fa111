"""Names of the files and folders of a cache. Whatever has another name, somebody else put there."""

import re

from headstart.cache.recipe import LAYOUTS, OPTIONAL
from headstart.cache.runtime.files import PARTIAL
from headstart.cache.storage.file_system import is_litter

_SPLIT = r"(?:train(?:-view-[1-9][0-9]{0,2})?|valid|test)"
_BLOCK = rf"{_SPLIT}/[0-9]{{5,9}}"
_NAMES = sorted({*OPTIONAL, *(name for names in LAYOUTS.values() for name in names)})
_ARRAY = rf"{_BLOCK}/(?:{'|'.join(_NAMES)})"
# What a killed process leaves: of ours, and of TensorStore's; FILE.__lock also guards the change of a lock.
_STAGED = rf"(?:{PARTIAL}|(?:_[0-9a-f]{{1,16}})?\.__lock)?"
_UNIT = r"units/[0-9]{5,6}"
_ABOVE = rf"(?:recipe|manifest|lock|zarr)\.json|{_UNIT}/(?:unit|lock)\.json"
_JSON = rf"(?:{_ABOVE}|{_BLOCK}/(?:block|zarr)\.json|{_SPLIT}/zarr\.json)"
_FILE = re.compile(rf"(?:{_JSON}|{_ARRAY}/zarr\.json|{_ARRAY}/c(?:/[0-9]+)+){_STAGED}")
_FOLDER = re.compile(rf"(?:units|{_UNIT}|{_SPLIT}|{_BLOCK}|{_ARRAY}(?:/c(?:/[0-9]+)*)?)/")
_GROUP = re.compile(rf"(?:(?:{_SPLIT}|{_BLOCK})/)?zarr\.json")
_RECORD = re.compile(rf"({_BLOCK})/block\.json")


def is_ours(name: str) -> bool:
    """Whether a cache's writer gives such a name, or other programs leave it everywhere.

    Args:
        name: path relative to the cache; that of a folder ends with a slash.
    """
    return bool(_FILE.fullmatch(name) or _FOLDER.fullmatch(name)) or is_litter(name)


def block_of(name: str) -> str | None:
    """Split and block, such as `train/00001`, whose block.json a file is; None if it is another file."""
    record = _RECORD.fullmatch(name)
    return record[1] if record else None


def group_of(name: str) -> str | None:
    """Folder, such as `train` or `train/00001`, that a file makes a Zarr group; '' is the cache, None no group."""
    return name.rpartition("/")[0] if _GROUP.fullmatch(name) else None
