import dataclasses
import hashlib
import json

import pytest

from headstart.cache import CacheError
from headstart.cache.recipe import Recipe, differing_fields

from .conftest import RECIPE

FIELDS = [field.name for field in dataclasses.fields(Recipe)]


def changed(name: str) -> Recipe:
    value = getattr(RECIPE, name)
    other = not value if isinstance(value, bool) else value + (1 if isinstance(value, int) else "x")
    return dataclasses.replace(RECIPE, **{name: "[0,3]" if name == "layers" else other})


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_changes_the_key(name: str) -> None:
    assert changed(name).key != RECIPE.key
    assert differing_fields(RECIPE, changed(name)) == [name]


def test_the_key_is_the_hash_of_the_canonical_json() -> None:
    text = json.dumps(RECIPE.to_json(), sort_keys=True, separators=(",", ":"))
    assert RECIPE.key == hashlib.sha256(text.encode()).hexdigest()


def test_there_and_back() -> None:
    assert Recipe.from_json(json.loads(json.dumps(RECIPE.to_json()))) == RECIPE


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format": 99}, "format 99, this version reads format"),
        ({"max_length": "150"}, "'max_length' has the wrong type"),
        ({"max_length": True}, "'max_length' has the wrong type"),
        ({"speed": 1}, "not those of format"),
        ({"layout": "folded"}, "layout 'folded' is none of ragged, padded, pooled"),
        ({"dropout": "{"}, "dropout is no JSON"),
        ({"dropout": "[]"}, "dropout has not from 0 to 999 views"),
        ({"dropout": '{"views":-1}'}, "dropout has not from 0 to 999 views"),
    ],
)
def test_a_recipe_that_is_none(change: dict[str, object], says: str) -> None:
    with pytest.raises(CacheError, match=says):
        Recipe.from_json(RECIPE.to_json() | change)
