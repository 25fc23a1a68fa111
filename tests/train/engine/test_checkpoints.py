import json
import os
import resource
import time

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import orbax.checkpoint as ocp
import pytest
import tensorstore as ts

from headstart.cache import UserError
from headstart.train.engine.checkpoints import digest_of, read_arrays, restore, save


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


def test_a_digest_knows_names_types_shapes_and_bytes():
    params = params_of(1)
    same = jax.tree.map(np.asarray, params)
    assert digest_of(same) == digest_of(params)
    assert digest_of({"dense": params["dense"], "gru": params["gru"]}) == digest_of(params)
    kernel = np.asarray(params["gru"]["kernel"])
    others = [
        {**params, "gru": {**params["gru"], "kernel": other}}
        for other in (kernel.T, kernel.reshape(9, 5), kernel.view(np.int32), -kernel, kernel[:, ::-1])
    ]
    others += [
        {"gru": params["gru"]},
        {**params, "more": np.zeros(0)},
        {"lstm" if k == "gru" else k: v for k, v in params.items()},
    ]
    assert len({digest_of(other) for other in [params, *others]}) == 9


def test_other_parameters_than_were_written_are_told(tmp_path):
    save(tmp_path, "best", params_of(1))
    assert_identical(restore(tmp_path, "best", params_of(9), digest_of(params_of(1))), params_of(1))
    with pytest.raises(
        ValueError, match=r"the SHA-256 of .*best is [0-9a-f]{16}, and [0-9a-f]{16} was written"
    ):
        restore(tmp_path, "best", params_of(9), digest_of(params_of(2)))


def test_what_is_there_is_read_without_a_target(tmp_path):
    save(tmp_path, "best", params_of(1))
    arrays = read_arrays(tmp_path / "best")
    assert set(arrays) == {"gru/kernel", "gru/bias", "dense/bias", "dense/scale"}
    assert digest_of(arrays) == digest_of(params_of(1))


def truncated(path):
    for file in path.rglob("d/*"):
        file.write_bytes(file.read_bytes()[:10])


def emptied(path):
    for file in path.rglob("manifest.ocdbt"):
        file.write_bytes(b"")


def without_files(path):
    for file in path.rglob("d/*"):
        file.unlink()


def with_a_link(path):
    (path / "manifest.ocdbt").rename(path.parent / "elsewhere")
    (path / "manifest.ocdbt").symlink_to(path.parent / "elsewhere")


def with_a_pipe(path):
    (path / "manifest.ocdbt").unlink()
    os.mkfifo(path / "manifest.ocdbt")


@pytest.mark.parametrize("damage", [truncated, emptied, without_files, with_a_link, with_a_pipe])
def test_damage_is_a_line(tmp_path, damage, capfd):
    save(tmp_path, "best", params_of(1))
    damage(tmp_path / "best")
    with pytest.raises((ValueError, UserError)) as caught:
        restore(tmp_path, "best", params_of(9))
    assert "best" in str(caught.value)
    assert str(caught.value).count("\n") == 0
    assert capfd.readouterr() == ("", "")


def test_a_few_bytes_do_not_become_gigabytes(tmp_path):
    spec = {
        "driver": "zarr",
        "kvstore": {"driver": "ocdbt", "base": f"file://{tmp_path}/best/", "path": "dense.kernel/"},
    }
    ts.open(spec, create=True, dtype=ts.float32, shape=[2**16, 2**20]).result()
    with pytest.raises((ValueError, UserError), match="bytes say that they are 274,877,906,944"):
        restore(tmp_path, "best", {"dense": {"kernel": jax.ShapeDtypeStruct((2**16, 2**20), np.float32)}})


def stored_in(folder):
    """The files of the database that Orbax writes."""
    return ts.KvStore.open({"driver": "ocdbt", "base": f"file://{folder}/"}).result()


@pytest.mark.parametrize(
    "forged",
    [
        {"chunks": [2**20, 2**14]},
        {"chunks": [5, 2**40], "compressor": {"id": "zlib", "level": 9}},
        {"chunks": [2**31, 9], "compressor": {"id": "zstd", "level": 1}},
        {"dtype": "|V1000000000"},
    ],
)
def test_a_chunk_that_is_larger_than_its_array_is_not_unpacked(tmp_path, forged):
    save(tmp_path, "best", params_of(1))
    files = stored_in(tmp_path / "best")
    fields = json.loads(files.read("gru.kernel/.zarray").result().value)
    files.write("gru.kernel/.zarray", json.dumps(fields | forged)).result()
    for target in (None, params_of(9)):
        with pytest.raises((ValueError, UserError), match="bytes say that they are"):
            read_arrays(tmp_path / "best", target)


@pytest.mark.parametrize(
    "fields",
    ["[", "[]", '{"shape": [1]}', "[" * 100_000, '{"shape": ["1"], "chunks": [1], "dtype": "<f4"}',
     '{"shape": [1], "chunks": [-1], "dtype": "<f4"}', '{"shape": [1], "chunks": [1], "dtype": "|S1000000000"}',
     '{"shape": [1], "chunks": [1], "dtype": "|O"}', '{"shape": 5, "chunks": [1], "dtype": "<f4"}'],
)  # fmt: skip
def test_an_array_that_orbax_does_not_write_is_told(tmp_path, fields):
    save(tmp_path, "best", params_of(1))
    stored_in(tmp_path / "best").write("gru.kernel/.zarray", fields).result()
    with pytest.raises((ValueError, UserError), match="zarray"):
        restore(tmp_path, "best", params_of(9))


@pytest.mark.parametrize("name", ["new\nline", "\x1b[31mred", "right\u202eleft"])
def test_names_of_arrays_stay_in_their_line(tmp_path, name):
    save(tmp_path, "best", params_of(1))
    files = stored_in(tmp_path / "best")
    files.write(f"{name}/.zarray", files.read("gru.kernel/.zarray").result().value).result()
    with pytest.raises(ValueError, match="found float32") as caught:
        restore(tmp_path, "best", params_of(9))
    assert str(caught.value).isprintable()


def test_a_write_that_fails_is_one_error_and_silent(tmp_path, capfd):
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
    try:
        with pytest.raises(OSError, match="File too large"):
            save(tmp_path, "best", params_of(1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert not (tmp_path / "best").exists()
    assert capfd.readouterr() == ("", "")
    left = ["best", "another"]
    for _ in range(
        20
    ):  # a thread of Orbax' may write on while its folder is removed: the next save removes that
        save(tmp_path, "best", params_of(1))
        if (left := [entry.name for entry in tmp_path.iterdir()]) == ["best"]:
            break
        time.sleep(0.1)
    assert left == ["best"]
