import jax.numpy as jnp
import numpy as np
import pytest

from headstart.train.engine.steps import init
from headstart.train.engine.sums import divide
from tests.oracles.padded_training import eval_batches, eval_epoch, train_batches, train_epoch, train_step


def test_a_training_epoch_is_its_steps_one_after_another(make_split, linear, linear_params):
    split = make_split(11, seed=1)
    state, losses, rows = init(linear_params()), 0.0, 0
    for batch in train_batches(split, 3, seed=2, epoch=1):
        state, sums = train_step(linear, state, batch, jnp.float32(0.02))
        losses, rows = losses + float(sums.loss), rows + len(batch.labels)
    after, total = train_epoch(linear, init(linear_params()), train_batches(split, 3, 2, 1), 0.02)
    np.testing.assert_array_equal(after.params["kernel"], state.params["kernel"])
    assert divide(total).loss == pytest.approx(losses / rows)
    assert total.rows == rows == 9


def test_an_evaluation_does_not_depend_on_the_batch_size(make_split, linear, linear_params):
    split = make_split(13, seed=4)
    sums = [eval_epoch(linear, linear_params(), eval_batches(split, size)) for size in (1, 4, 13, 50)]
    assert all(total.rows == 13 for total in sums)
    for total in sums[1:]:
        assert divide(total) == pytest.approx(divide(sums[0]), rel=1e-5)
