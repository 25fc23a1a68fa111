"""What is compiled ahead of a run is what the run needs, in its order."""

import dataclasses
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from headstart.extract.backbone.distilbert import Backbone, Inputs
from headstart.extract.pipeline.run import extract
from headstart.extract.settings import Settings

from ..conftest import Recorder


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
