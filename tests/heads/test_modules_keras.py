"""Our heads beside Keras 3: the same weights give the same logits and the same gradients."""

import functools
from typing import Any

import jax
import numpy as np
import pytest

from .beside_keras import (
    KINDS,
    LENGTHS,
    ROWS,
    TOKENS,
    WIDTH,
    compare,
    padded,
    params_of,
    ragged,
    run_joint,
    weights_of,
)
from .keras_models import ON_LAST, build_without_masks


def close(found: Any, wanted: Any) -> None:
    assert jax.tree.structure(found) == jax.tree.structure(wanted)
    jax.tree.map(functools.partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-5), found, wanted)


@pytest.mark.parametrize("masks", LENGTHS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ON_LAST)
def test_logits_and_gradients_are_keras_s(name: str, kind: str, masks: str) -> None:
    pairs = list(compare(name, kind, masks))
    assert len(pairs) == 6
    for pair in pairs:
        close(pair.ours, pair.keras)


@pytest.mark.parametrize("name", ON_LAST)
def test_rows_of_full_length_are_what_the_notebook_s_layers_see(name: str) -> None:
    """Keras' own layers without any mask, on all positions."""
    model = build_without_masks(ON_LAST[name], TOKENS, WIDTH)
    batch = padded(LENGTHS["unmasked"])
    model.set_weights(weights_of(name, 1))
    params = {own: params_of(own, 1) for own in ON_LAST}
    nothing = dict.fromkeys(ON_LAST, np.zeros((ROWS, 1), np.float32))
    found = run_joint(1)(params, ragged(batch, LENGTHS["unmasked"]), nothing)[0]
    close(found[name], model(batch.hidden))
