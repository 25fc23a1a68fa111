"""Pooled vectors of several layers, and groups: arrays that a block holds only where the recipe says so."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zarr

from headstart.cache import CacheError, open_cache
from headstart.cache.block import Block, BlockRecord, check_block
from headstart.cache.inspect.listing import describe
from headstart.cache.inspect.repair import damaged_blocks, drop_blocks
from headstart.cache.inspect.verify import verify
from headstart.cache.manifest import Manifest
from headstart.cache.recipe import Recipe, canonical_json
from headstart.cache.seal import seal
from headstart.cache.writer import CacheWriter
from tests.layered import layered_block, layered_recipe, write_layered_cache

from .conftest import RECIPE, WIDTH, manifest_of, random_block

LAYERS = (0, 2, 5)
BOTH = dataclasses.replace(RECIPE, layers="[0,2,5]", groups=True)


def filled(block: Block, seed: int = 5) -> Block:
    """A block with pooled vectors of three layers, and groups."""
    random, rows = np.random.default_rng(seed), len(block.rows)
    layers = random.standard_normal((rows, 3, 3, WIDTH)).astype(np.float16)
    return block._replace(layers=layers, groups=np.arange(rows)[::-1] // 2)


@pytest.fixture
def both(make_cache: Callable[..., str], blocks: dict[str, list[Block]]) -> str:
    """The cache at `cache_path`, with layers and groups besides."""
    return make_cache({name: list(map(filled, parts)) for name, parts in blocks.items()}, BOTH)


def test_what_is_not_stored_stands_in_no_file() -> None:
    """Keys and caches from before there were layers stay as they were."""
    fields = RECIPE.to_json()
    assert not {"layers", "groups"} & set(fields)
    assert Recipe.from_json(fields) == RECIPE
    assert dataclasses.replace(RECIPE, layers="[]", groups=False).key == RECIPE.key
    record = BlockRecord.of("00000", 0, random_block(3, 1))
    assert "layers" not in record.to_json()
    assert "layers" not in str(manifest_of(RECIPE, {"train": [record]}).to_json())
    assert Recipe.from_json(BOTH.to_json()) == BOTH
    assert {*BOTH.to_json()} - {*fields} == {"layers", "groups"}


@pytest.mark.parametrize(
    ("layers", "says"),
    [
        ("[1,0]", "do not ascend"),
        ("[1,1]", "do not ascend"),
        ("[0, 1]", "not in canonical JSON"),
        ("[-1]", "no numbers from 0 to 1000"),
        ("[1001]", "no numbers from 0 to 1000"),
        ("[true]", "no numbers"),
        ("[1.0]", "no numbers"),
        ('["1"]', "no numbers"),
        ("{}", "no numbers"),
        ("7", "no numbers"),
        ("[", "layers is no JSON"),
        ("[" * 100_000, "layers is no JSON"),
    ],
)
def test_layers_that_are_none(layers: str, says: str) -> None:
    with pytest.raises(CacheError, match=says):
        Recipe.from_json(RECIPE.to_json() | {"layers": layers})


@pytest.mark.parametrize(
    ("architecture", "says"),
    [
        ("{", "architecture is no JSON"),
        ("[" * 100_000, "architecture is no JSON"),
        ('{"n_layers":' + "1" * 5000 + "}", "architecture is no JSON"),
        ("[]", "architecture is no JSON object"),
        ("null", "architecture is no JSON object"),
        ("3", "architecture is no JSON object"),
        ('{"n_layers":0}', "no n_layers from 1 to 1,000"),
        ('{"n_layers":1000000000}', "no n_layers from 1 to 1,000"),
        ('{"n_layers":NaN}', "no n_layers"),
        ('{"n_layers":[6]}', "no n_layers"),
        ('{"n_layers":4}', "a layer 5, and its encoder ends at 4"),
        ('{"dim":0}', "no dim from 1 to 65,536"),
        ('{"dim":-7}', "no dim"),
        ('{"dim":70000}', "no dim"),
        ('{"dim":"7"}', "no dim"),
        ('{"dim":true}', "no dim"),
        ('{"dim":7.0}', "no dim"),
    ],
)
def test_an_encoder_that_is_none(architecture: str, says: str) -> None:
    with pytest.raises(CacheError, match=says):
        Recipe.from_json(BOTH.to_json() | {"architecture": architecture})


def test_what_the_architecture_says() -> None:
    recipe = dataclasses.replace(BOTH, architecture='{"dim":7,"n_layers":5,"other":[null]}')
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert (recipe.last_layer, recipe.width) == (5, 7)
    silent = dataclasses.replace(BOTH, architecture="")
    assert (silent.last_layer, silent.width) == (0, 0)


def test_a_width_that_is_not_the_encoder_s(
    make_cache: Callable[..., str], blocks: dict[str, list[Block]]
) -> None:
    recipe = dataclasses.replace(RECIPE, architecture=f'{{"dim":{WIDTH + 1}}}')
    with pytest.raises(CacheError, match=r"recipe.json and manifest.json in .* belong to different caches"):
        open_cache(make_cache(blocks, recipe))


@pytest.mark.parametrize(("field", "value"), [("groups", 1), ("groups", "true"), ("layers", [0, 1])])
def test_fields_of_another_type(field: str, value: object) -> None:
    with pytest.raises(CacheError, match=f"'{field}' has the wrong type"):
        Recipe.from_json(RECIPE.to_json() | {field: value})


@pytest.mark.parametrize("layout", ["ragged", "padded", "pooled"])
def test_the_recipe_names_the_arrays(layout: str) -> None:
    plain = dataclasses.replace(RECIPE, layout=layout)
    for change, more in (
        ({"layers": "[3]"}, ("layers",)),
        ({"groups": True}, ("groups",)),
        ({"layers": "[0,1]", "groups": True}, ("layers", "groups")),
    ):
        assert dataclasses.replace(plain, **change).arrays == (*plain.arrays, *more)


def test_a_record_knows_the_shape_of_layers() -> None:
    block = filled(random_block(4, 1))
    record = BlockRecord.of("00003", 0, block)
    assert record.fits(BOTH)
    assert (record.layout, record.layers) == ("ragged", 3)
    assert {name: record.shape(name, WIDTH) for name in record.arrays} == {
        name: values.shape for name, values in block.arrays.items()
    }
    assert BlockRecord.from_json(record.to_json()) == record


@pytest.mark.parametrize(
    "change", [{"layers": 0}, {"layers": -1}, {"layers": 2000}, {"layers": "3"}, {"layers": True}]
)
def test_a_record_whose_layers_do_not_fit_is_forged(change: dict[str, object]) -> None:
    fields = BlockRecord.of("00003", 0, filled(random_block(4, 1))).to_json()
    with pytest.raises(CacheError, match=r"describes no block|layers is a"):
        BlockRecord.from_json(fields | change)
    with pytest.raises(CacheError, match="describes no block"):
        BlockRecord.from_json(BlockRecord.of("00003", 0, random_block(4, 1)).to_json() | {"layers": 3})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"layers": None}, "not the layers and groups that the recipe names"),
        ({"groups": None}, "not the layers and groups that the recipe names"),
        (
            {"layers": np.zeros((4, 2, 3, WIDTH), np.float16)},
            "not the layers and groups that the recipe names",
        ),
        ({"layers": np.zeros((5, 3, 3, WIDTH), np.float16)}, "disagree about the number of rows"),
        ({"groups": np.zeros(3, np.int64)}, "disagree about the number of rows"),
    ],
)
def test_a_block_that_the_recipe_does_not_name(change: dict[str, object], says: str) -> None:
    block = filled(random_block(4, 1))
    check_block(block, BOTH)
    with pytest.raises(CacheError, match=says):
        check_block(block._replace(**change), BOTH)
    with pytest.raises(CacheError, match="not the layers and groups"):
        check_block(block, RECIPE)


def test_reading_gives_back_what_was_written(both: str, blocks: dict[str, list[Block]]) -> None:
    cache = open_cache(both)
    assert verify(cache) == []
    for name, parts in blocks.items():
        split = cache.split(name)
        assert split.layer_numbers == LAYERS
        for field in ("hidden", "pooled", "layers", "groups"):
            expected = np.concatenate([getattr(filled(part), field) for part in parts])
            np.testing.assert_array_equal(getattr(split, field), expected)
            assert getattr(split, field).dtype == expected.dtype
    train = cache.split("train")
    for start, stop in ((0, 8), (3, 7), (4, 5)):
        np.testing.assert_array_equal(train.read("layers", start, stop), train.layers[start:stop])
    stored = zarr.open_array(f"{both}/train/00000/layers", mode="r")
    np.testing.assert_array_equal(stored[:], filled(blocks["train"][0]).layers)
    (record, _) = cache.manifest.splits["train"]
    whole = cache.read_block("train", record)
    assert (whole.layers is not None, whole.groups is not None) == (True, True)


def test_a_cache_without_says_how_to_make_one_that_has_them(cache_path: str) -> None:
    split = open_cache(cache_path).split("train")
    assert split.layer_numbers == ()
    with pytest.raises(CacheError, match=r"holds the last layer only; run .* with `--layers all`"):
        _ = split.layers
    with pytest.raises(CacheError, match=r"does not say which row is of which group; .* `--group-column`"):
        _ = split.groups


@pytest.mark.parametrize("field", ["layers", "groups"])
@pytest.mark.parametrize("damage", ["flipped", "truncated", "gone"])
def test_damage_is_seen_and_mended(both: str, field: str, damage: str) -> None:
    shard = next(path for path in Path(both, "train/00001", field, "c").rglob("*") if path.is_file())
    data = bytearray(shard.read_bytes())
    data[3] ^= 1
    shard.unlink() if damage == "gone" else shard.write_bytes(data if damage == "flipped" else data[:-9])
    kind = {"flipped": "checksum", "truncated": "truncated", "gone": "missing"}[damage]
    with pytest.raises(CacheError, match=f"is damaged .{kind}"):
        getattr(open_cache(both).split("train"), field)
    cache = open_cache(both)
    assert [(problem.kind, problem.block) for problem in verify(cache)] == [(kind, "00001")]
    small = verify(cache, full=False)
    assert [problem.kind for problem in small] == ([kind] if field == "groups" else [])
    assert drop_blocks(cache, damaged_blocks(verify(cache))) == ["train"]
    assert not Path(both, "train/00001").exists()


def test_values_that_should_never_have_been_written(make_cache: Callable[..., str]) -> None:
    recipe = dataclasses.replace(BOTH, row_count=4)
    block = filled(random_block(4, 1))
    assert block.layers is not None
    layers = block.layers.copy()
    layers[3, 0, 2, 6] = np.nan
    for change, kinds in (
        ({"layers": layers}, ["values"]),
        ({"groups": np.array([0, 1, 4, 0])}, ["groups"]),
        ({"groups": np.array([0, -1, 1, 0])}, ["groups"]),
    ):
        location = make_cache({"test": [block._replace(**change)]}, recipe, f"made-{kinds}-{len(change)}")
        assert [problem.kind for problem in verify(open_cache(location))] == kinds
        drop_blocks(open_cache(location), ["test/00000"])
        Path(location, "manifest.json").unlink()


@pytest.mark.parametrize("other", [{"layers": "[0,2]"}, {"layers": "[]"}, {"groups": False}])
def test_blocks_of_another_recipe_are_not_taken(both: str, other: dict[str, object]) -> None:
    recipe = dataclasses.replace(BOTH, **other)
    writer = CacheWriter(both, BOTH)
    record = writer.committed("test", 0)
    assert record is not None
    forged: Manifest = manifest_of(recipe, {"test": [record]})
    Path(both, "recipe.json").unlink()
    writer.store.write_json("recipe.json", recipe.to_json())
    writer.store.write_json("manifest.json", forged.to_json())
    writer.store.write_json(
        "test/00000/block.json", seal({**record.to_json(), "key": recipe.key, "split": "test"})
    )
    assert CacheWriter(both, recipe).committed("test", 0) is None
    with pytest.raises(CacheError, match="belong to different caches"):
        open_cache(both)


def test_show_says_which_layers_there_are(both: str) -> None:
    assert "  layers             0, 2, 5" in list(describe(open_cache(both)))


def test_the_caches_of_other_tests_are_sound(tmp_path: Path) -> None:
    location = write_layered_cache(tmp_path / "it", groups=True, best=2)
    cache = open_cache(str(location))
    assert verify(cache) == []
    train = cache.split("train")
    np.testing.assert_array_equal(train.layers[:, -1], train.pooled)
    means = [train.layers[train.labels == label, 2].astype(np.float32).mean() for label in (0, 1)]
    assert means[1] - means[0] > 1
    assert train.groups.tolist() == (train.rows // 3).tolist()
    plain = layered_block(3, 0, (), groups=False)
    check_block(plain, layered_recipe(3, ()))
    assert canonical_json([]) == "[]"
