"""Heads on layers, mixed layers and attention, from a run to new texts."""

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headstart import predict
from headstart.cache import UserError
from headstart.heads.explain import splits_over_tokens
from headstart.train.results.folder import RunFolder
from headstart.trained import added_by_tokens, open_head, spec_of_trained

from .made import ON_LAYERS, Made
from .outside import outside

LAST = 2
"""Layers of the tiny encoder."""


@pytest.fixture
def made(made_run: Callable[[str], Made]) -> Made:
    return made_run("layers")


def rows_and_logits(made: Made, name: str) -> tuple[list[str], Any]:
    """The test rows' texts, and what the run said of them."""
    arrays = RunFolder(str(made.run)).predictions("test")
    return [made.texts[row] for row in arrays["rows"]], arrays[f"{name}/0"]


@pytest.mark.parametrize("name", ON_LAYERS)
def test_new_texts_get_the_logits_of_the_run(name: str, made: Made) -> None:
    loaded = predict.load(open_head(str(made.run), name), None)
    texts, logits = rows_and_logits(made, name)
    answer = loaded.encoder.score(loaded.scorer, loaded.encoder.tokenize(texts))
    np.testing.assert_allclose(answer.logits, logits, atol=1e-4)


@pytest.mark.parametrize(("name", "layers"), [("avg@1", 1), ("avg@0", 1), ("mix", LAST), ("avg", LAST)])
def test_no_layer_is_computed_above_those_that_are_read(name: str, layers: int, made: Made) -> None:
    loaded = predict.load(open_head(str(made.run), name), None)
    assert loaded.encoder.backbone.last == layers


@pytest.mark.parametrize("name", [name for name in ON_LAYERS if name not in ("avg@0", "maxavg@all", "mix")])
def test_what_tokens_add_sums_to_the_logits(name: str, made: Made) -> None:
    head = open_head(str(made.run), name)
    assert splits_over_tokens(spec_of_trained(head))
    loaded = predict.load(head, None)
    texts, logits = rows_and_logits(made, name)
    rows, pooled = loaded.encoder.hidden(loaded.encoder.tokenize(texts[:5]))
    bias = np.asarray(head.params["dense"]["bias"])
    for row, hidden in enumerate(rows):
        added = added_by_tokens(head, hidden, pooled[row])
        assert added.shape == (len(hidden), 1)
        np.testing.assert_allclose(added.sum(axis=0) + bias, logits[row], atol=2e-3)


@pytest.mark.parametrize("name", ["avg@0", "maxavg@all", "mix"])
def test_several_layers_are_not_explained(name: str, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict, "prepare_jax", lambda: None)
    line = ["predict.py", "--run", str(made.run), "--head", name, "--explain", "a text"]
    monkeypatch.setattr(sys, "argv", line)
    with pytest.raises(UserError, match=f"{name}.*(cls|avg)"):
        predict.main()


def test_all_layers_are_those_of_the_cache(made: Made) -> None:
    head = open_head(str(made.run), "maxavg@all")
    assert spec_of_trained(head).layers == (0, 1, 2)
    bare = head._replace(recipe=dataclasses.replace(head.recipe, layers="[]"))
    with pytest.raises(UserError, match="names no layers for maxavg@all to read"):
        spec_of_trained(bare)


@pytest.mark.slow
def test_exported_folders_give_the_logits_of_the_run(
    made: Made, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without this project, from the scripts in the folder and from the program."""
    monkeypatch.setattr(predict, "prepare_jax", lambda: None)
    folders = [tmp_path / name.replace("@", "-") for name in ON_LAYERS]
    for name, folder in zip(ON_LAYERS, folders, strict=True):
        monkeypatch.setattr(sys, "argv", ["predict.py", "export", str(made.run), str(folder), "--head", name])
        predict.main()
    texts, _ = rows_and_logits(made, "avg")
    answers = outside(sys.executable, folders, texts, tmp_path)
    for name, (loaded, shares, logits) in zip(ON_LAYERS, answers, strict=True):
        np.testing.assert_allclose(logits, rows_and_logits(made, name)[1], atol=1e-4, err_msg=name)
        np.testing.assert_allclose(shares[:, -1:], loaded, atol=1e-4, err_msg=name)
