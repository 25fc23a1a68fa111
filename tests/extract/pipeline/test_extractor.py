"""The backbone over a process's blocks: programs compiled ahead, and numbers that the storage dtype cannot hold."""

import dataclasses
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from headstart.cache import UserError
from headstart.extract.backbone.distilbert import Backbone, Inputs
from headstart.extract.pipeline.extractor import check_device
from headstart.extract.pipeline.run import extract
from headstart.extract.settings import Settings

from ..conftest import DISTILBERT, Recorder, random_weights, save_backbone


def shapes(batch: Inputs) -> tuple[Any, ...]:
    return tuple(None if array is None else array.shape for array in batch)


@pytest.mark.parametrize(
    "flags", [{}, {"forward": "stock", "dropout_views": 2}, {"layout": "padded", "max_length": 9}]
)
def test_each_shape_is_compiled_ahead(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: dict[str, Any]
) -> None:
    ahead: list[tuple[Any, ...]] = []
    needed: list[tuple[Any, ...]] = []
    compiling_ahead, run = Backbone.compiling_ahead, Backbone.run

    def listed(self: Backbone, batches: Iterable[Inputs]) -> AbstractContextManager[None]:
        wanted = list(batches)
        ahead.extend(map(shapes, wanted))
        return compiling_ahead(self, wanted)

    def noted(self: Backbone, batch: Inputs) -> Any:
        if self._precision.packed or "forward" in flags or "layout" in flags:  # else the exact one
            needed.append(shapes(batch))
        return run(self, batch)

    monkeypatch.setattr(Backbone, "compiling_ahead", listed)
    monkeypatch.setattr(Backbone, "run", noted)
    extract(dataclasses.replace(settings, cache_dir=str(tmp_path), **flags), Recorder())
    assert len(set(ahead)) == len(ahead) > 0
    assert list(dict.fromkeys(needed)) == ahead


@pytest.mark.parametrize("views", ["all", "pooled"])
def test_hidden_states_beyond_float16_are_an_error(settings: Settings, tmp_path: Path, views: str) -> None:
    weights = random_weights(DISTILBERT)
    weights["transformer.layer.1.output_layer_norm.weight"] *= 1e6
    folder = save_backbone(tmp_path / "huge", DISTILBERT, weights)
    huge = dataclasses.replace(
        settings, backbone=str(folder), cache_dir=str(tmp_path), dtype="float16", views=views
    )
    with pytest.raises(UserError, match="--dtype bfloat16"):
        extract(huge, Recorder())


def test_a_dtype_for_an_accelerator_that_jax_does_not_find_is_refused() -> None:
    with pytest.raises(UserError, match=r"JAX found none that it can use: set JAX_PLATFORMS=cpu"):
        check_device("auto", "bfloat16")
    check_device("bfloat16", "bfloat16")  # as the user said
    check_device("auto", "mixed")
