import functools
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from headstart.heads import HEADS, RecurrentHead
from headstart.heads.modules import build, init
from tests.oracles.head_logits import logits_of

# As in design.md, at width 768 with one output.
PARAMETERS = {
    "cls": 769,
    "max": 769,
    "avg": 769,
    "maxavg": 1_537,
    "gru": 160_193,
    "gru_pooled": 160_257,
    "bigru_pooled": 154_113,
    "lstm": 213_313,
    "lstm_pooled": 213_377,
    "bilstm_pooled": 205_185,
}
RECURRENT = [name for name in HEADS if HEADS[name].reads_tokens]


@pytest.mark.parametrize("name", HEADS)
def test_parameter_count(name):
    shapes = jax.eval_shape(lambda: init(name, HEADS[name], 768, seed=0))
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes)) == PARAMETERS[name]


@pytest.mark.parametrize(
    ("name", "bias", "gates"), [("bigru_pooled", (2, 96), 3), ("bilstm_pooled", (128,), 4)]
)
def test_parameters_are_laid_out_as_in_keras(name, bias, gates):
    layer = {"kernel": (7, gates * 32), "recurrent_kernel": (32, gates * 32), "bias": bias}
    shapes = jax.tree.map(jnp.shape, init(name, HEADS[name], 7, seed=0, outputs=3))
    assert shapes == {
        "forward": layer,
        "backward": layer,
        "dense": {"kernel": (128, 3), "bias": (3,)},
    }


def directions(name):
    """Initial parameters of the one or two recurrent directions."""
    params = jax.device_get(init(name, HEADS[name], 7, seed=0))
    return [weights for part, weights in params.items() if part != "dense"]


def assert_glorot_uniform(kernel):
    """Within Keras' limit, and close to it: a normal or a narrower draw would fail."""
    limit = np.sqrt(6 / sum(kernel.shape))
    assert 0.9 * limit < np.abs(kernel).max() <= limit


@pytest.mark.parametrize("name", RECURRENT)
def test_initial_recurrent_weights(name):
    for weights in directions(name):
        assert_glorot_uniform(weights["kernel"])
        rows = weights["recurrent_kernel"]
        np.testing.assert_allclose(rows @ rows.T, np.eye(len(rows)), atol=1e-5)
        forget = slice(HEADS[name].units, 2 * HEADS[name].units)
        assert (weights["bias"][..., forget] == (HEADS[name].cell == "lstm")).all()
        assert not np.delete(weights["bias"], forget, axis=-1).any()


@pytest.mark.parametrize("name", HEADS)
def test_initial_classifier(name):
    dense = jax.device_get(init(name, HEADS[name], 100, seed=0)["dense"])
    assert_glorot_uniform(dense["kernel"])
    assert not dense["bias"].any()


@pytest.mark.parametrize("name", HEADS)
def test_only_the_declared_fields_are_read(name, batch, random_params):
    unread = ["pooled"] if HEADS[name].reads_tokens else ["hidden", "mask"]
    thin = batch._replace(**dict.fromkeys(unread))
    assert jax.eval_shape(logits_of(HEADS[name], 2), random_params(name), thin).shape == (3, 2)


@pytest.mark.parametrize("name", HEADS)
def test_tokens_give_the_logits_of_the_cached_fields(name, batch, random_params, logits_with):
    logits = jax.jit(build(HEADS[name], 2).apply)({"params": random_params(name)}, batch.hidden, batch.mask)
    np.testing.assert_allclose(logits, logits_with(name)(batch), atol=1e-6)


@pytest.mark.parametrize("name", HEADS)
def test_gradient_reaches_real_tokens_only(name, nan_batch, random_params):
    """A fine-tuned backbone could train through any head, whatever stands in the padding."""
    apply, params = build(HEADS[name], 2).apply, {"params": random_params(name)}
    to_hidden = jax.jit(jax.grad(lambda hidden, mask, params: apply(params, hidden, mask).sum()))
    gradient = to_hidden(nan_batch.hidden, nan_batch.mask, params)
    np.testing.assert_array_equal(gradient[~nan_batch.mask], 0)
    assert (gradient[2, 0] != 0).all()  # a row of one token, which every head must read


def test_bidirectional_last_state_ends_at_the_first_token(batch):
    """No row of HEADS reads last states both ways, but a new one may."""
    head = RecurrentHead("both ends", "lstm", units=4, bidirectional=True)
    params, logits = init("both ends", head, 7, seed=0), jax.jit(logits_of(head))
    there, back = np.split(params["dense"]["kernel"], 2)
    swapped = {"kernel": np.concatenate([back, there]), "bias": params["dense"]["bias"]}
    mirrored = {"forward": params["backward"], "backward": params["forward"], "dense": swapped}
    whole = batch._replace(mask=np.ones_like(batch.mask))
    backwards = whole._replace(hidden=whole.hidden[:, ::-1])
    np.testing.assert_allclose(logits(mirrored, backwards), logits(params, whole), atol=1e-6)


@pytest.mark.parametrize("name", ["maxavg", "bigru_pooled"])
def test_many_seeds_at_once_equal_one_by_one(name):
    together = jax.vmap(lambda seed: init(name, HEADS[name], 7, seed))(jnp.array([5, 6]))
    last = jax.tree.map(lambda leaf: leaf[1], together)
    assert_close = functools.partial(np.testing.assert_allclose, atol=1e-6)
    jax.tree.map(assert_close, last, init(name, HEADS[name], 7, seed=6))


def test_another_process_draws_the_same_parameters():
    code = "from headstart.heads import HEADS; from headstart.heads.modules import init;"
    code += "print(init('cls', HEADS['cls'], 3, 0)['dense']['kernel'].tolist())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(init("cls", HEADS["cls"], 3, 0)["dense"]["kernel"].tolist())
