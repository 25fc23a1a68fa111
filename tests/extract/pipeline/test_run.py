"""Stage one from a file to a cache, with a tiny random backbone."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from headstart.cache import UserError, open_cache
from headstart.cache.splits import SPLITS
from headstart.extract.pipeline.run import extract
from headstart.extract.settings import Settings
from headstart.extract.splits.rules import split_at_random
from headstart.extract.text import cleaning
from headstart.extract.text.pretrained import load_tokenizer
from headstart.extract.text.tokenizer import tokenize

from ..conftest import DISTILBERT, Recorder, random_weights, save_backbone
from ..oracle import hidden_states


@pytest.fixture(scope="module")
def made(settings: Settings) -> tuple[str, Recorder]:
    recorder = Recorder()
    return extract(settings, recorder), recorder


def test_every_row_is_where_the_notebook_puts_it(made: tuple[str, Recorder]) -> None:
    cache = open_cache(made[0])
    kept = [row for row in range(60) if row not in (4, 19)]
    for name, positions in split_at_random(58, seed=42).items():
        split = cache.split(name)
        assert split.rows.tolist() == [kept[position] for position in positions]
        assert split.labels.tolist() == [kept[position] % 2 for position in positions]


def test_hidden_states_are_the_oracle_s(made: tuple[str, Recorder], settings: Settings) -> None:
    texts = [line.rpartition(",")[0] for line in Path(settings.data).read_text().splitlines()[1:]]
    tokenizer = load_tokenizer(settings.backbone or "", settings.max_length)
    split, weights = open_cache(made[0]).split("valid"), random_weights(DISTILBERT)
    rows = np.split(split.hidden, np.cumsum(split.lengths)[:-1])
    for row, hidden, pooled in zip(split.rows, rows, split.pooled, strict=True):
        ids = tokenize(tokenizer, [[cleaning.clean(texts[row])]]).ids.tolist()
        wanted = hidden_states(ids, weights, layers=2, heads=2)
        np.testing.assert_allclose(hidden, wanted, atol=5e-5)
        np.testing.assert_allclose(pooled, [wanted[0], wanted.max(0), wanted.mean(0)], atol=5e-5)


def test_the_user_hears_what_is_coming_and_how_it_goes(made: tuple[str, Recorder]) -> None:
    cache, recorder = open_cache(made[0]), made[1]
    assert "2 rows without text left out" in recorder.lines[0]
    (line,) = [line for line in recorder.lines if "padding waste" in line]
    for words in ("58 rows", f"{cache.manifest.tokens:,} tokens", "bytes", "backbone about"):
        assert words in line
    assert recorder.works == {
        "cleaning": (58, 58, "rows"),
        "backbone": (cache.manifest.tokens,) * 2 + ("tokens",),
    }


def test_a_complete_cache_is_not_computed_again(made: tuple[str, Recorder], settings: Settings) -> None:
    recorder = Recorder()
    assert extract(settings, recorder) == made[0]
    assert recorder.works == {}
    assert "complete already" in recorder.lines[-1]


def test_one_split_first_the_others_later(
    settings: Settings, made: tuple[str, Recorder], tmp_path: Path
) -> None:
    there = dataclasses.replace(settings, cache_dir=str(tmp_path))
    location = extract(dataclasses.replace(there, split="valid"), Recorder())
    assert set(open_cache(location).manifest.splits) == {"valid"}
    assert extract(there, Recorder()) == location
    whole, wanted = open_cache(location), open_cache(made[0])
    assert list(whole.manifest.splits) == list(SPLITS)
    for name in SPLITS:
        np.testing.assert_allclose(whole.split(name).hidden, wanted.split(name).hidden, atol=1e-4)


def test_layout_on_disk_does_not_change_the_key(
    settings: Settings, made: tuple[str, Recorder], tmp_path: Path
) -> None:
    other = dataclasses.replace(settings, cache_dir=str(tmp_path), block_rows=7, batch_tokens=64)
    location = extract(other, Recorder())
    assert Path(location).name == Path(made[0]).name
    np.testing.assert_allclose(
        open_cache(location).split("test").hidden, open_cache(made[0]).split("test").hidden, atol=1e-4
    )


def test_storage_in_half_precision_is_another_cache(
    settings: Settings, made: tuple[str, Recorder], tmp_path: Path
) -> None:
    location = extract(dataclasses.replace(settings, cache_dir=str(tmp_path), dtype="float16"), Recorder())
    assert Path(location).name != Path(made[0]).name
    half, full = open_cache(location).split("test"), open_cache(made[0]).split("test")
    assert half.hidden.dtype == np.float16
    np.testing.assert_allclose(half.hidden, full.hidden, rtol=1e-3, atol=1e-3)


NO_BACKBONE = """
import sys
from headstart.extract.__main__ import main
sys.argv[0] = "extract"
main()
assert not {"jax", "transformers", "sklearn"} & set(sys.modules), "loaded what it does not need"
"""


def test_a_complete_cache_is_recognised_without_the_backbone(
    settings: Settings, made: tuple[str, Recorder]
) -> None:
    flags = dataclasses.replace(settings).command.split()[3:]
    done = subprocess.run(
        [sys.executable, "-c", NO_BACKBONE, *flags], capture_output=True, text=True, check=True
    )
    assert "the cache is complete already" in done.stdout


def copy_with(tiny_backbone: Path, folder: Path, **config: object) -> Path:
    return save_backbone(folder, DISTILBERT | config, random_weights(DISTILBERT))


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda folder: (folder / "tokenizer.json").write_text("{}"), "tokenizer.json cannot be used"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"x"), "1 bytes: cut off"),
        (
            lambda folder: (folder / "model.safetensors").write_bytes(b"x" * 100_000),
            "model.safetensors cannot be used",
        ),
        (
            lambda folder: save_backbone(
                folder,
                DISTILBERT,
                random_weights(DISTILBERT) | {"embeddings.LayerNorm.bias": np.zeros(3, np.float32)},
            ),
            "does not fit its config",
        ),
    ],
)
def test_a_damaged_backbone_leaves_no_cache(
    settings: Settings, tiny_backbone: Path, tmp_path: Path, damage: Callable[[Path], object], says: str
) -> None:
    folder = copy_with(tiny_backbone, tmp_path / "backbone")
    damage(folder)
    caches = tmp_path / "caches"
    with pytest.raises(UserError, match=says):
        extract(dataclasses.replace(settings, backbone=str(folder), cache_dir=str(caches)), Recorder())
    assert not list(caches.glob("*"))


def test_weights_that_are_not_finite(settings: Settings, tmp_path: Path) -> None:
    weights = random_weights(DISTILBERT)
    weights["transformer.layer.0.ffn.lin1.bias"][3] = np.nan
    folder = save_backbone(tmp_path / "backbone", DISTILBERT, weights)
    with pytest.raises(UserError, match=r"ffn.lin1.bias holds NaN"):
        extract(dataclasses.replace(settings, backbone=str(folder), cache_dir=str(tmp_path)), Recorder())


def test_a_cache_folder_that_is_a_file(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"nothing can be written to .*Not a directory"):
        extract(dataclasses.replace(settings, cache_dir=str(tmp_path / "file")), Recorder())


def test_more_batch_tokens_than_tokens_compute_no_padding_for_them(
    settings: Settings, tmp_path: Path
) -> None:
    location = extract(dataclasses.replace(settings, cache_dir=str(tmp_path), batch_tokens=10**9), Recorder())
    assert open_cache(location).manifest.padding_waste < 0.6


def test_eight_devices_fill_the_same_cache(
    settings: Settings, made: tuple[str, Recorder], tmp_path: Path
) -> None:
    command = dataclasses.replace(settings, cache_dir=str(tmp_path)).command.split()[1:]
    environment = os.environ | {
        "XLA_FLAGS": "--xla_force_host_platform_device_count=8",
        "JAX_PLATFORMS": "cpu",
    }
    subprocess.run([sys.executable, *command], check=True, capture_output=True, env=environment)
    one, eight = open_cache(made[0]), open_cache(str(tmp_path / Path(made[0]).name))
    assert eight.manifest.device["devices"] == 8
    for name in SPLITS:
        np.testing.assert_array_equal(eight.split(name).rows, one.split(name).rows)
        for field in ("hidden", "pooled"):
            found, wanted = (getattr(cache.split(name), field) for cache in (eight, one))
            np.testing.assert_allclose(found, wanted, atol=1e-4)


@pytest.mark.parametrize("forward", ["packed", "stock"])
def test_bfloat16_operands_stay_near_float32(
    settings: Settings, made: tuple[str, Recorder], tmp_path: Path, forward: str
) -> None:
    dtype = {"packed": "mixed", "stock": "bfloat16"}[forward]
    near = dataclasses.replace(settings, cache_dir=str(tmp_path), compute_dtype=dtype, forward=forward)
    found, wanted = (
        open_cache(location).split("test").hidden for location in (extract(near, Recorder()), made[0])
    )
    cosine = (found * wanted).sum(1) / np.linalg.norm(found, axis=1) / np.linalg.norm(wanted, axis=1)
    assert 0.999 < cosine.min() < 0.9999999
