"""Heads on layers trained from caches: every feed, folds, and what is kept."""

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from headstart.cache import open_cache
from headstart.cache.reader import Cache
from headstart.heads.fused.ragged import score_of_layers
from headstart.heads.modules import first_params, kept_params
from headstart.heads.pooling import POOLED
from headstart.heads.spec import HeadSpec, spec_of
from headstart.train.data.views import Concat, Subset
from headstart.train.engine.settings import TrainingSettings
from headstart.train.engine.trainer import Trainer
from headstart.train.head_names import states_of
from headstart.training import to_train, views_of
from tests.layered import write_layered_cache
from tests.train.conftest import WIDTH

STATES = (0, 1, 2, 3)
NAMES = ("avg", "avg@0", "avg@1", "maxavg@last", "max@all", "maxavg@all", "mix", "attn")
SPECS = [spec_of(name, STATES, 3) for name in NAMES]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    """Layer 1 tells the label."""
    return open_cache(str(write_layered_cache(tmp_path_factory.mktemp("layers") / "it", STATES, best=1)))


def splits_of(cache: Cache) -> dict[str, Any]:
    return {name: cache.split(name) for name in ("train", "valid", "test")}


def trained(splits: dict[str, Any], specs: list[HeadSpec], **settings: Any) -> tuple[Trainer, Any]:
    trainer = Trainer(
        to_train(specs, 12, "float32", STATES),
        splits,
        TrainingSettings(**{"epochs": 6, "batch_size": 8, "seeds": 2, "batching": "exact"} | settings),
    )
    progress = trainer.loop.begin(first_params(specs, WIDTH, 2, 1))
    while trainer.loop.active(progress):
        progress = trainer.loop.epoch(progress)
    return trainer, progress


@pytest.fixture(scope="module")
def on_device(cache: Cache) -> tuple[Trainer, Any]:
    return trained(splits_of(cache), SPECS, memory="device")


@pytest.mark.slow  # as on the device, which test_trainer.py shows of the other heads
def test_from_the_host_the_numbers_are_the_same(cache: Cache, on_device: Any) -> None:
    _, progress = trained(splits_of(cache), SPECS, memory="host")
    jax.tree.map(np.testing.assert_array_equal, progress.best, on_device[1].best)


def test_a_stream_trains_them_too(cache: Cache) -> None:
    trainer, progress = trained(splits_of(cache), SPECS, memory="stream", memory_limit=60_000)
    assert trainer.plan.mode == "stream"
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(progress.best))


def test_folds_are_standardised_by_their_own_training_rows(cache: Cache) -> None:
    """And a fold trains as a split of the same rows does."""
    splits, index = splits_of(cache), np.arange(0, 63, 2)
    concat = Concat([splits["train"]], lambda part: splits["train"])
    fold = {**splits, "train": Subset(concat, index)}
    trainer, _ = trained(fold, SPECS, memory="device")
    layers = np.asarray(splits["train"].layers)[index][:, :, 1:].astype(np.float64)  # no head reads [CLS]
    assert trainer._moments is not None
    np.testing.assert_allclose(trainer._moments.mean, layers.mean(axis=0), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", [name for name in NAMES if "@" in name or name == "mix"])
def test_what_is_kept_answers_from_vectors_as_the_cache_holds_them(
    name: str, cache: Cache, on_device: Any
) -> None:
    trainer, progress = on_device
    spec, test = spec_of(name, STATES, 3), cache.split("test")
    predicted = trainer.predict(progress, {"test": test})["test"][name]
    for seed in range(2):
        kept = trainer.results(progress)[name, seed].best_params
        shapes = kept_params(spec, WIDTH, 1)
        assert jax.tree.map(np.shape, kept) == jax.tree.map(np.shape, shapes)
        answers = score_of_layers(spec)(
            kept, jax.numpy.asarray(np.asarray(test.layers)[:, list(spec.layers)])
        )
        np.testing.assert_allclose(answers, predicted[seed], rtol=1e-3, atol=1e-3)


def test_the_layer_that_tells_the_label_wins(on_device: Any) -> None:
    losses = {key.head: result.best_valid_loss for key, result in on_device[0].results(on_device[1]).items()}
    assert max(losses["avg@1"], losses["maxavg@all"]) < min(
        losses["avg"], losses["avg@0"], losses["maxavg@last"]
    )


@pytest.mark.parametrize(
    "others",
    [
        ("cls",),
        # bit for bit as users compile it; compiled in haste, a loop over seeds and a vmap over them differ in last bits
        pytest.param(("cls", "gru", "avg@0", "maxavg@all", "mix"), marks=pytest.mark.slow),
    ],
)
def test_other_heads_change_no_plain_head_by_a_bit(others: tuple[str, ...], cache: Cache) -> None:
    """`avg` shares its matmul with `cls` in both; heads on layers are apart."""
    alone = trained(splits_of(cache), [spec_of("cls"), spec_of("avg")])[1].best["avg"]
    specs = [*(spec_of(name, STATES, 3) for name in others), spec_of("avg")]
    jax.tree.map(np.testing.assert_array_equal, trained(splits_of(cache), specs)[1].best["avg"], alone)


@pytest.mark.parametrize("memory", ["device", pytest.param("host", marks=pytest.mark.slow)])
def test_heads_on_layers_draw_rows_of_any_length_whoever_trains_beside_them(
    cache: Cache, memory: str
) -> None:
    on_layers = [spec_of(name, STATES, 3) for name in ("avg@1", "mix")]
    shuffled = trained(splits_of(cache), on_layers, batching="exact")[1].best
    for others in ([], [spec_of("avg")], [spec_of("attn")]):
        best = trained(splits_of(cache), [*others, *on_layers], batching="bucket", memory=memory)[1].best
        for name in shuffled:
            for one, other in zip(jax.tree.leaves(best[name]), jax.tree.leaves(shuffled[name]), strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_only_what_is_read_is_held(cache: Cache) -> None:
    splits = splits_of(cache)
    rows, itemsize = 63 + 21, 2
    trainer, _ = trained(splits, [spec_of("avg@1", STATES, 3), spec_of("max@3", STATES, 3)])
    assert trainer.size == rows * 2 * 2 * WIDTH * itemsize
    assert trained(splits, [spec_of("avg@1", STATES, 3)])[0].size == rows * WIDTH * itemsize


def test_layers_are_named_by_the_place_that_the_cache_has_for_them(tmp_path: Path) -> None:
    cache = open_cache(str(write_layered_cache(tmp_path / "some", (0, 2, 5))))
    states, _ = states_of(cache.recipe)
    heads = to_train([spec_of("maxavg@5", states, 5)], 12, "float32", states)
    assert (
        views_of(heads.groups, states) == heads.layers == ((2,), (POOLED.index("max"), POOLED.index("mean")))
    )
