import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import orbax.checkpoint as ocp
import pytest

from headstart.train.engine.checkpoints import restore, save


def params_of(seed, width=5):
    rng = np.random.default_rng(seed)
    return {
        "gru": {
            "kernel": jnp.asarray(rng.normal(size=(width, 9)), jnp.float32),
            "bias": jnp.asarray(rng.normal(size=(2, 9)), ml_dtypes.bfloat16),
        },
        "dense": {"bias": jnp.array([np.nan], jnp.float32), "scale": jnp.float16(rng.normal())},
    }


def shapes_of(params):
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), params)


def assert_identical(left, right):
    assert jax.tree.structure(left) == jax.tree.structure(right)
    for a, b in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


@pytest.mark.parametrize("target", [params_of(9), shapes_of(params_of(9))], ids=["arrays", "shapes"])
def test_comes_back_bit_by_bit(tmp_path, target):
    save(tmp_path, "best", params_of(1))
    save(tmp_path, "last", params_of(2))
    assert_identical(restore(tmp_path, "best", target), params_of(1))
    assert_identical(restore(tmp_path, "last", target), params_of(2))


def test_a_relative_folder_will_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save("results/gru", "best", params_of(1))
    assert_identical(restore("results/gru", "best", params_of(9)), params_of(1))


def test_overwriting_leaves_the_new_one_alone(tmp_path):
    (tmp_path / f"best.{'0' * 16}.partial").mkdir()  # of a run that was killed
    for seed in (1, 2, 3):
        save(tmp_path, "best", params_of(seed))
    assert_identical(restore(tmp_path, "best", params_of(9)), params_of(3))
    assert [entry.name for entry in tmp_path.iterdir()] == ["best"]


def test_a_failed_write_leaves_the_old_one(tmp_path, monkeypatch):
    save(tmp_path, "best", params_of(1))

    def fail(*args, **kwargs):
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(ocp.StandardCheckpointer, "save", fail)
        with pytest.raises(OSError, match="no space left"):
            save(tmp_path, "best", params_of(2))
    assert_identical(restore(tmp_path, "best", params_of(9)), params_of(1))
    assert [entry.name for entry in tmp_path.iterdir()] == ["best"]


def changed(**leaves):
    params = params_of(9)
    return params | {"dense": params["dense"] | leaves}


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (params_of(9, width=6), r"gru/kernel: found float32\[5, 9\], wanted float32\[6, 9\]"),
        (changed(bias=jnp.zeros(1, jnp.float16)), r"dense/bias: found float32\[1\], wanted float16\[1\]"),
        (changed(other=jnp.zeros(2)), r"dense/other: found none, wanted float32\[2\]"),
        ({"gru": params_of(9)["gru"]}, r"dense/bias: found float32\[1\], wanted none; dense/scale"),
    ],
    ids=["shape", "type", "missing", "surplus"],
)
def test_what_does_not_fit_is_named(tmp_path, target, message):
    save(tmp_path, "best", params_of(1))
    with pytest.raises(ValueError, match=message):
        restore(tmp_path, "best", target)


def test_none_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no checkpoint at .*last; train"):
        restore(tmp_path, "last", params_of(1))


def test_orbax_alone_can_read_it(tmp_path):
    save(tmp_path, "best", params_of(1))
    with ocp.StandardCheckpointer() as checkpointer:
        assert_identical(checkpointer.restore(tmp_path / "best", shapes_of(params_of(1))), params_of(1))
