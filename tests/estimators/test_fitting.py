"""Heads trained on arrays: their answers beside the heads' own modules, and tables of few sizes."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from headstart.cache.task import Task
from headstart.estimators.fitting import ArraySplit, HeadOnRows, Plan, fit, logits_of, round_up
from headstart.heads.modules import build, build_on_layers
from headstart.heads.spec import spec_of
from headstart.train.data.split import Split
from headstart.train.engine.settings import TrainingSettings

STATES, WIDTH, LONGEST = (0, 1, 2), 5, 9
THREE = Task("multiclass", ("a", "b", "c"))


def rows_of(tokens: bool, states: int) -> list[np.ndarray]:
    random = np.random.default_rng(states)
    sizes = random.integers(1, LONGEST + 1, 30) if tokens else [3 * states] * 30
    return [random.standard_normal((size, WIDTH)).astype(np.float16) for size in sizes]


def plan(**settings: Any) -> Plan:
    return Plan(TrainingSettings(epochs=2, batch_size=30, **settings), 0.01, 3, None)


@pytest.mark.parametrize("name", ["maxavg", "cls@1", "mix", "gru"])
def test_logits_are_those_of_the_heads_module_one_row_at_a_time(name: str) -> None:
    spec = spec_of(name, STATES, 2)
    states = STATES if spec.reads_layers else ()
    vectors = rows_of(spec.reads_tokens, len(states) or 1)
    head = HeadOnRows(spec, states, LONGEST, THREE)
    split = ArraySplit(vectors, np.arange(30, dtype=np.int32) % 3, spec.reads_tokens)
    fitted = fit(head, {"train": split, "valid": split}, plan())
    logits = logits_of(head, fitted.params, vectors)
    assert logits.shape == (30, 3)
    assert [epoch["epoch"] for epoch in fitted.history] == [1, 2]
    for row, values in enumerate(vectors[:5]):
        np.testing.assert_allclose(logits[row], oracle(head, fitted.params, values), atol=0.02)


def oracle(head: HeadOnRows, params: Any, values: np.ndarray) -> np.ndarray:
    row = jnp.asarray(values, jnp.float32)[None]
    kept = head.spec.kept
    if kept.reads_layers:
        layers = row.reshape(1, len(STATES), 3, WIDTH)[:, jnp.array(kept.layers)]
        module = build_on_layers(kept.head, 3)
        return np.asarray(module.apply({"params": {"dense": params["dense"]}}, layers)[0])
    module = build(kept.head, 3)
    if kept.reads_pooled:
        return np.asarray(module.apply({"params": params}, row, method="classify")[0])
    params = jax.tree.map(jnp.asarray, params)
    return np.asarray(module.apply({"params": params}, row, jnp.ones(row.shape[:2], bool))[0])


def test_it_is_a_split_with_tokens_or_with_layers() -> None:
    tokens, layers = (ArraySplit(rows_of(kind, 2), np.zeros(30, np.int32), kind) for kind in (True, False))
    assert isinstance(tokens, Split) and isinstance(layers, Split)  # noqa: PT018
    assert tokens.hidden.shape == (tokens.lengths.sum(), WIDTH)
    assert layers.read("layers", 3, 7).shape == (4, 2, 3, WIDTH)
    np.testing.assert_array_equal(layers.pooled, layers.layers[:, 1])
    assert (tokens.width, tokens.itemsize, tokens.rows[-1], tokens.texts) == (WIDTH, 2, 29, [])


def test_sizes_of_tables_are_few_and_waste_little() -> None:
    sizes = np.arange(1, 20_000)
    rounded = np.array([round_up(int(size)) for size in sizes])
    assert (rounded >= sizes).all()
    assert (rounded[sizes > 1024] <= 1.25 * sizes[sizes > 1024]).all()
    assert len(set(rounded.tolist())) < 30
