"""`--layers` and `--layer`: every layer's pooled vectors in a cache, and an encoder that ends before its last layer."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from headstart.cache import Cache, UserError, open_cache
from headstart.cache.inspect.verify import verify
from headstart.cache.splits import SPLITS
from headstart.extract.backbone.distilbert import Backbone
from headstart.extract.checkpoint.weights import load_weights
from headstart.extract.pipeline.job import prepare
from headstart.extract.pipeline.run import extract
from headstart.extract.predict.encoder import Encoder
from headstart.extract.settings import Settings

from ..conftest import Recorder

TEXTS = ["you are kind", "soup " * 20, "", "the editor is very rude"]


@pytest.fixture(scope="module")
def layered(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Cache]:
    here = dataclasses.replace(settings, cache_dir=str(tmp_path_factory.mktemp("layers")), layers="all")
    return here, open_cache(extract(here, Recorder()))


Made = tuple[Settings, Cache]


def ending_at(layer: int | None, settings: Settings, folder: Path, **changes: str) -> Cache:
    here = dataclasses.replace(settings, cache_dir=str(folder), layer=layer, **changes)
    return open_cache(extract(here, Recorder()))


def test_every_split_holds_every_layer(layered: Made) -> None:
    cache = layered[1]
    assert verify(cache) == []
    for name in SPLITS:
        split = cache.split(name)
        assert split.layer_numbers == (0, 1, 2)
        assert split.layers.shape == (len(split.lengths), 3, 3, 16)
        np.testing.assert_array_equal(split.layers[:, -1], split.pooled)


def test_only_the_layers_that_are_listed_are_stored(layered: Made, tmp_path: Path) -> None:
    some = ending_at(None, layered[0], tmp_path, layers="2, 0", views="pooled")
    assert some.split("train").layer_numbers == (0, 2)
    every = layered[1].split("train").layers
    np.testing.assert_allclose(some.split("train").layers, every[:, [0, 2]], rtol=0, atol=1e-6)


def test_the_choice_is_part_of_the_key_unless_it_is_the_last(settings: Settings) -> None:
    choices = ["last", "all", "0,1,2", "2", "0"]
    keys = [prepare(dataclasses.replace(settings, layers=choice)).recipe.key for choice in choices]
    assert keys[1] == keys[2]
    assert len(set(keys)) == 4
    assert keys[1] == prepare(settings).recipe.key
    assert '"layers"' not in str(prepare(dataclasses.replace(settings, layers="last")).recipe.to_json())


def test_features_without_layers_are_used_as_they_are_until_the_user_asks_for_layers(
    settings: Settings, tmp_path: Path
) -> None:
    here = dataclasses.replace(settings, cache_dir=str(tmp_path))
    last = extract(dataclasses.replace(here, layers="last"), Recorder())
    lines = Recorder()
    assert extract(here, lines) == last
    assert any("--layers all stores every layer" in line for line in lines.lines)
    every = extract(dataclasses.replace(here, layers="all"), Recorder())
    assert every != last
    assert extract(here, Recorder()) == every


def test_a_run_that_lost_blocks_goes_on(layered: Made, tmp_path: Path) -> None:
    settings, cache = layered
    location = Path(shutil.copytree(Path(settings.cache_dir) / cache.name, tmp_path / cache.name))
    whole = {path: path.read_bytes() for path in location.rglob("*") if path.is_file()}
    (location / "manifest.json").unlink()
    (location / "train/00000/block.json").unlink()
    shutil.rmtree(location / "valid/00000/layers/c")
    recorder = Recorder()
    extract(dataclasses.replace(settings, cache_dir=str(tmp_path)), recorder)
    assert "resuming: 3 of 5 blocks done" in recorder.lines
    assert all(path.read_bytes() == whole[path] for path in whole if path.name != "manifest.json")


def test_it_grows(layered: Made, tmp_path: Path) -> None:
    here = dataclasses.replace(layered[0], cache_dir=str(tmp_path), split_rule="stable", block_rows=10)
    extract(here, Recorder())
    longer = tmp_path / Path(here.data).name
    longer.write_text("\n".join([Path(here.data).read_text(), "you are kind,1", "rude soup,0"]))
    recorder = Recorder()
    grown = open_cache(extract(dataclasses.replace(here, data=str(longer)), recorder))
    assert 0 < recorder.total < grown.manifest.tokens
    assert verify(grown) == []
    assert grown.split("train").layers.shape[1] == 3


def test_the_encoder_ends_at_a_layer(layered: Made, tmp_path: Path) -> None:
    """Its hidden states and all that is pooled are that layer's."""
    lower = ending_at(1, layered[0], tmp_path)
    assert lower.recipe.key != layered[1].recipe.key
    for name in SPLITS:
        one, whole = lower.split(name), layered[1].split(name)
        assert one.layer_numbers == (0, 1)
        np.testing.assert_allclose(one.layers, whole.layers[:, :2], rtol=0, atol=1e-6)
        np.testing.assert_allclose(one.pooled, whole.layers[:, 1], rtol=0, atol=1e-6)
        first = np.cumsum(one.lengths) - one.lengths
        np.testing.assert_array_equal(one.hidden[first], one.pooled[:, 0])


def test_ending_at_the_last_layer_is_no_other_cache(settings: Settings) -> None:
    assert prepare(dataclasses.replace(settings, layer=2)).recipe.key == prepare(settings).recipe.key


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layer": 3}, "--layer 3: the backbone 'tiny' has the layers 1 to 2"),
        ({"layer": 1, "layers": "2"}, "there is no layer 2; the encoder 'tiny' has 0, its embeddings, to 1"),
        ({"layers": "0,-1"}, "there is no layer -1"),
        ({"layers": "first"}, "--layers 'first' is neither all nor last nor numbers such as 0,3,6"),
        ({"layers": ""}, "--layers '' is neither"),
        ({"layers": "1,,2"}, "--layers '1,,2' is neither"),
    ],
)
def test_a_layer_that_is_none_is_told(settings: Settings, changes: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        prepare(dataclasses.replace(settings, **changes))


def test_new_texts_go_through_as_many_layers(layered: Made) -> None:
    """A head on a cache of layer 1 reads of new texts what it learnt from; one on layers, those layers alone."""
    lower = prepare(dataclasses.replace(layered[0], layer=1))
    ended = Encoder(lower.recipe, lower.checkpoint)
    whole = prepare(layered[0])
    part = Encoder(whole.recipe, whole.checkpoint, layers=(1,))
    assert (ended.backbone.last, part.backbone.last) == (1, 1)
    tokens = ended.tokenize(TEXTS)
    _, pooled = ended.hidden(tokens)
    scores = part.score(part.scorer(lambda params, layers: layers[:, 0] * params, np.float32(2)), tokens)
    np.testing.assert_allclose(scores, 2 * pooled, rtol=0, atol=1e-5)


def test_what_lies_above_is_neither_loaded_nor_computed(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []
    init = Backbone.__init__

    def record(self: Backbone, architecture: object, weights: dict, *rest: object) -> None:
        loaded.append(set(weights["transformer"]["layer"]))
        init(self, architecture, weights, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Backbone, "__init__", record)
    extract(dataclasses.replace(settings, cache_dir=str(tmp_path), layer=1, split="test"), Recorder())
    assert loaded == [{"0"}, {"0"}]  # and the exact model that it is compared with
    whole = load_weights(str(Path(settings.backbone or "", "model.safetensors")))
    assert set(whole["transformer"]["layer"]) == {"0", "1"}


def test_groups_are_stored_where_they_split_the_rows(settings: Settings, tmp_path: Path) -> None:
    users = [f"user {row // 4}" for row in range(60)]
    lines = [f"{text},{user}" for text, user in zip(
        Path(str(settings.data)).read_text().splitlines()[1:], users, strict=True
    )]  # fmt: skip
    data = tmp_path / "users.csv"
    data.write_text("\n".join(["comment_text,Toxic,user", *lines]))
    here = dataclasses.replace(settings, data=str(data), group_column="user", cache_dir=str(tmp_path))
    cache = open_cache(extract(here, Recorder()))
    assert cache.recipe.groups
    assert verify(cache) == []
    seen = {name: set(cache.split(name).groups.tolist()) for name in SPLITS}
    assert sum(map(len, seen.values())) == len(set().union(*seen.values())) == 15
    for name in SPLITS:
        split = cache.split(name)
        assert split.groups.tolist() == [row // 4 for row in split.rows.tolist()]
