"""JSON objects that prove themselves: a checksum over the canonical form, and the types that were agreed."""

import dataclasses
import hashlib
import typing
from typing import Any

from headstart.cache.recipe import canonical_json
from headstart.cache.runtime.errors import CacheError

CHECKSUM = "checksum"


def seal(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the object with the SHA-256 of its canonical JSON added."""
    return {**fields, CHECKSUM: _checksum(fields)}


def unseal(fields: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the object without its checksum.

    Args:
        fields: object that `seal` returned, after a stay on disk.
        name: the file's name, for the message.

    Raises:
        CacheError: the checksum is not that of the rest.
    """
    content = {key: value for key, value in fields.items() if key != CHECKSUM}
    try:
        fits = fields.get(CHECKSUM) == _checksum(content)
    except (ValueError, RecursionError):  # NaN, or nesting that only a hostile file has
        fits = False
    if not fits:
        raise CacheError(
            f"{name} was changed after it was written: its checksum does not fit; "
            "run the same `python -m extract` again: it builds the manifest anew from the blocks"
        )
    return content


def check_types(record: type, fields: dict[str, Any], name: str) -> None:
    """Check that an object has exactly a dataclass's fields, each of the type its annotation names.

    Of a dict's values, `dict[str, str]` takes texts only and `dict[str, Any]` everything.

    Raises:
        CacheError: a field is missing, unknown or of another type.
    """
    types = typing.get_type_hints(record)
    odd = sorted({field.name for field in dataclasses.fields(record)} ^ set(fields))
    if odd:
        raise CacheError(f"{name} is not one of ours: fields {', '.join(map(str, odd))[:200]}")
    for field, value in fields.items():
        if not _is_a(types[field], value):
            raise CacheError(f"{name} is not one of ours: {field} is a {type(value).__name__}")
        parts = typing.get_args(types[field])[1:] if isinstance(value, dict) else ()
        if any(isinstance(kind, type) and not _is_a(kind, part) for kind in parts for part in value.values()):
            raise CacheError(f"{name} is not one of ours: {field} holds a value of another type")


def _is_a(kind: Any, value: object) -> bool:
    return kind is Any or type(value) is (typing.get_origin(kind) or kind)


def _checksum(fields: dict[str, Any]) -> str:
    return hashlib.sha256(canonical_json(fields).encode()).hexdigest()
