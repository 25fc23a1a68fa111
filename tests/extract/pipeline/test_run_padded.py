"""`--layout padded`: hidden states at all positions, as the stock model computes them on padded inputs."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import zarr
from transformers import DistilBertConfig, FlaxDistilBertModel

from headstart.cache import open_cache
from headstart.cache.inspect.verify import verify
from headstart.cache.splits import SPLITS
from headstart.extract.checkpoint.weights import load_weights
from headstart.extract.pipeline.job import prepare
from headstart.extract.pipeline.run import extract
from headstart.extract.settings import Settings
from headstart.extract.text import cleaning
from headstart.extract.text.pretrained import load_tokenizer

from ..conftest import DISTILBERT, Recorder

Made = tuple[Settings, str, Recorder]


@pytest.fixture(scope="module")
def padded(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Made:
    here = dataclasses.replace(settings, cache_dir=str(tmp_path_factory.mktemp("padded")), layout="padded")
    recorder = Recorder()
    return here, extract(here, recorder), recorder


@pytest.mark.filterwarnings("ignore")
def test_hidden_states_are_the_stock_model_s_on_padded_inputs(padded: Made) -> None:
    settings, location, _ = padded
    tokenizer = load_tokenizer(settings.backbone or "", settings.max_length).pipeline
    tokenizer.enable_padding(pad_id=0, pad_token="[PAD]", length=settings.max_length)
    texts = [line.rpartition(",")[0] for line in Path(settings.data).read_text().splitlines()[1:]]
    config = DistilBertConfig(**DISTILBERT, sinusoidal_pos_embds=False)
    model = FlaxDistilBertModel(config, _do_init=False)
    weights = load_weights(str(Path(settings.backbone or "") / "model.safetensors"))
    split = open_cache(location).split("valid")
    encoded = tokenizer.encode_batch([cleaning.clean(texts[row]) for row in split.rows])
    ids, mask = (np.array([getattr(e, part) for e in encoded]) for part in ("ids", "attention_mask"))
    wanted = np.asarray(model(ids, mask, params=weights).last_hidden_state)
    assert split.hidden.shape == wanted.shape == (len(split.rows), settings.max_length, DISTILBERT["dim"])
    assert len(set(split.lengths.tolist())) > 1
    np.testing.assert_allclose(split.hidden, wanted, atol=2e-5)
    np.testing.assert_array_equal(split.lengths, mask.sum(axis=1))
    pooled = np.stack([wanted[:, 0], wanted.max(axis=1), wanted.mean(axis=1)], axis=1)
    np.testing.assert_allclose(split.pooled, pooled, atol=2e-5)


def test_the_recipe_says_how_it_was_computed(padded: Made) -> None:
    recipe = open_cache(padded[1]).recipe
    assert (recipe.layout, recipe.forward, recipe.positions) == ("padded", "stock", 32)
    assert "--layout padded" in padded[0].command
    assert prepare(dataclasses.replace(padded[0], layout="ragged")).recipe.forward == "packed"


def test_real_tokens_are_those_of_a_ragged_cache(padded: Made, tmp_path: Path) -> None:
    ragged = dataclasses.replace(padded[0], layout="ragged", cache_dir=str(tmp_path))
    one, other = open_cache(extract(ragged, Recorder())), open_cache(padded[1])
    assert one.manifest.tokens == other.manifest.tokens
    for name in SPLITS:
        less, more = one.split(name), other.split(name)
        real = np.arange(32) < more.lengths[:, None]
        np.testing.assert_allclose(more.hidden[real], less.hidden, atol=1e-4)
        assert not np.allclose(more.pooled[:, 2], less.pooled[:, 2], atol=1e-3)  # padding counts


def test_it_is_sound_and_any_zarr_reader_can_open_it(padded: Made) -> None:
    cache = open_cache(padded[1])
    assert verify(cache) == []
    array = zarr.open_array(f"{padded[1]}/train/00001/hidden", mode="r")
    assert array.shape == (16, 32, 16)
    np.testing.assert_array_equal(array[:], cache.split("train").hidden[16:32])


def test_it_resumes_at_a_missing_and_at_a_damaged_block(padded: Made, tmp_path: Path) -> None:
    location = Path(shutil.copytree(padded[1], tmp_path / Path(padded[1]).name))
    whole = {path: path.read_bytes() for path in location.rglob("*") if path.is_file()}
    (location / "manifest.json").unlink()
    (location / "train/00000/block.json").unlink()
    shutil.rmtree(location / "valid/00000/hidden/c")
    recorder = Recorder()
    extract(dataclasses.replace(padded[0], cache_dir=str(tmp_path)), recorder)
    assert "resuming: 3 of 5 blocks done" in recorder.lines
    assert all(path.read_bytes() == whole[path] for path in whole if path.name != "manifest.json")
