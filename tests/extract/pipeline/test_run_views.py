"""`--dropout-views K`: the training rows K times with dropout, drawn for each row and view alone."""

import dataclasses
import shutil
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from headstart.cache import Cache, open_cache
from headstart.cache.inspect.verify import verify
from headstart.extract.backbone.dropout_masks import bernoulli, kept_weights, row_keys
from headstart.extract.pipeline.run import extract
from headstart.extract.settings import Settings
from headstart.extract.text import cleaning
from headstart.extract.text.pretrained import load_tokenizer
from headstart.extract.text.tokenizer import tokenize

from ..conftest import DISTILBERT, Recorder, random_weights
from ..oracle import hidden_states

Made = tuple[Settings, str]


@pytest.fixture(scope="module")
def made(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = str(tmp_path_factory.mktemp("views"))
    here = dataclasses.replace(settings, cache_dir=folder, dropout_views=2)
    return here, extract(here, Recorder())


def arrays(cache: Cache, name: str) -> list[np.ndarray]:
    split = cache.split(name)
    return [split.hidden, split.pooled]


def test_views_are_splits_with_the_rows_of_train(made: Made) -> None:
    cache = open_cache(made[1])
    assert list(cache.manifest.splits) == ["train", "train-view-1", "train-view-2", "valid", "test"]
    assert cache.views == ("train-view-1", "train-view-2")
    assert verify(cache) == []
    train = cache.split("train")
    for name in cache.views:
        view = cache.split(name)
        for field in ("rows", "labels", "lengths"):
            np.testing.assert_array_equal(getattr(view, field), getattr(train, field))
        assert view.texts == train.texts
        assert not np.allclose(view.hidden, train.hidden, atol=0.1)
    one, other = (cache.split(name).hidden for name in cache.views)
    assert not np.allclose(one, other, atol=0.1)


def test_without_dropout_nothing_changes(made: Made, tmp_path: Path) -> None:
    plain = dataclasses.replace(made[0], cache_dir=str(tmp_path), dropout_views=0, forward="stock")
    wanted, found = open_cache(extract(plain, Recorder())), open_cache(made[1])
    for name in ("train", "valid", "test"):
        for one, other in zip(arrays(wanted, name), arrays(found, name), strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_view_is_the_oracle_s_with_the_same_masks(made: Made) -> None:
    """Embeddings, attention weights and feed-forward outputs: where DistilBERT has its dropouts, in this order."""
    settings, location = made
    split = open_cache(location).split("train-view-2")
    texts = [line.rpartition(",")[0] for line in Path(settings.data).read_text().splitlines()[1:]]
    tokenizer, weights = load_tokenizer(settings.backbone or "", 32), random_weights(DISTILBERT)
    hidden = np.split(split.hidden, np.cumsum(split.lengths)[:-1])
    for number in np.argsort(split.lengths)[[0, 20]]:
        row = int(split.rows[number])
        ids = tokenize(tokenizer, [[cleaning.clean(texts[row])]]).ids.tolist()
        key, sites = row_keys(42, np.array([[2, row]]))[0], iter(range(99))

        def dropped(values: np.ndarray, key: jax.Array = key, sites=sites) -> np.ndarray:
            own = jax.random.fold_in(key, next(sites))
            kept = bernoulli if values.ndim == 2 else kept_weights
            return np.where(kept(own, 0.9, values.shape), values / 0.9, 0)

        wanted = hidden_states(ids, weights, 2, 2, dropped)
        assert next(sites) == 1 + 2 * 2
        np.testing.assert_allclose(hidden[number], wanted, atol=5e-5)


@pytest.mark.parametrize(
    "change",
    [{"batch_tokens": 400, "block_rows": 9}, {"layout": "padded"}],
)
def test_neither_batches_nor_blocks_nor_padding_change_a_view(
    made: Made, change: dict[str, object], tmp_path: Path
) -> None:
    other = open_cache(extract(dataclasses.replace(made[0], cache_dir=str(tmp_path), **change), Recorder()))
    for name in ("train", "train-view-1", "train-view-2"):
        wanted, found = open_cache(made[1]).split(name), other.split(name).hidden
        if found.ndim == 3:
            found = found[np.arange(32) < wanted.lengths[:, None]]
        np.testing.assert_allclose(found, wanted.hidden, atol=1e-4)


EIGHT = """
import sys, jax
from headstart.extract.pipeline.run import extract
from headstart.extract.settings import Settings
from tests.extract.conftest import Recorder
assert jax.local_device_count() == 8
print(extract(Settings(**eval(sys.argv[1])), Recorder()))
"""


def test_devices_do_not_change_a_view(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=8")
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    fields = repr(vars(dataclasses.replace(made[0], cache_dir=str(tmp_path), split="train")))
    done = subprocess.run([sys.executable, "-c", EIGHT, fields], capture_output=True, text=True, check=True)
    cache = open_cache(done.stdout.strip())
    assert list(cache.manifest.splits) == ["train", *cache.views]
    for name in cache.views:
        np.testing.assert_allclose(
            cache.split(name).hidden, open_cache(made[1]).split(name).hidden, atol=1e-4
        )


def test_it_resumes_inside_a_view_with_the_same_bytes(made: Made, tmp_path: Path) -> None:
    location = Path(shutil.copytree(made[1], tmp_path / Path(made[1]).name))
    whole = {path: path.read_bytes() for path in location.rglob("*") if path.is_file()}
    (location / "manifest.json").unlink()
    shutil.rmtree(location / "train-view-1/00001")
    shutil.rmtree(location / "train-view-2")
    recorder = Recorder()
    extract(dataclasses.replace(made[0], cache_dir=str(tmp_path)), recorder)
    assert "resuming: 7 of 11 blocks done" in recorder.lines
    assert all(path.read_bytes() == whole[path] for path in whole if path.name != "manifest.json")


def test_repair_mends_a_view(made: Made, tmp_path: Path) -> None:
    location = Path(shutil.copytree(made[1], tmp_path / Path(made[1]).name))
    shutil.rmtree(location / "train-view-2/00001/hidden")
    flags = dataclasses.replace(made[0], cache_dir=str(tmp_path)).command.split()[3:]
    line = [sys.executable, "-m", "cache", "repair", str(location), "--", *flags]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "sound again" in done.stdout
