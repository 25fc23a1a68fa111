import copy
import dataclasses
import json

import pytest

from headstart.cache import CacheError
from headstart.cache.seal import check_types, seal, unseal

FIELDS = {"a": 1, "b": [1.5, "x"], "c": {"d": None}}


@dataclasses.dataclass(frozen=True)
class Record:
    count: int
    names: dict[str, list[int]]


def test_there_and_back() -> None:
    assert unseal(json.loads(json.dumps(seal(FIELDS), indent=3)), "x") == FIELDS


@pytest.mark.parametrize("path", [("a",), ("b",), ("c", "d"), ("checksum",), ("new",)])
def test_any_change_breaks_the_seal(path: tuple[str, ...]) -> None:
    sealed = copy.deepcopy(seal(FIELDS))
    at = sealed
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = 2
    with pytest.raises(CacheError, match="x was changed after it was written"):
        unseal(sealed, "x")


def test_what_has_no_canonical_form_is_refused() -> None:
    with pytest.raises(CacheError):
        unseal({"a": float("nan"), "checksum": "none"}, "x")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"count": 1}, "fields names"),
        ({"count": 1, "names": {}, "more": 1}, "fields more"),
        ({"count": True, "names": {}}, "count is a bool"),
        ({"count": 1.0, "names": {}}, "count is a float"),
        ({"count": 1, "names": []}, "names is a list"),
    ],
)
def test_types_are_the_annotated_ones(fields: dict[str, object], says: str) -> None:
    check_types(Record, {"count": 1, "names": {}}, "x")
    with pytest.raises(CacheError, match=says):
        check_types(Record, fields, "x")
