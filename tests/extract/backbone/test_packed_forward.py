"""The faster forward pass beside the stock model's and beside exact arithmetic."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

from headstart.cache import UserError
from headstart.extract.backbone import packed_forward
from headstart.extract.backbone.distilbert import Backbone, Inputs
from headstart.extract.backbone.packed_forward import Segments, attend, attend_by_cudnn, feed_forward
from headstart.extract.backbone.precision import EXACT, Precision
from headstart.extract.checkpoint.weights import load_weights

from .test_distilbert import ARCHITECTURE, ROWS, one_per_sequence

# Two sequences: rows 0 and 1 with padding behind, row 2 with row 1 once more.
PLACES = [(0, 0, 0), (1, 0, 5), (2, 1, 0), (1, 1, 8)]


def packed(junk: int = 0) -> Inputs:
    inputs = Inputs(*np.zeros((3, 2, 12), np.int32))
    inputs.ids[:] = junk
    for number, (row, sequence, place) in enumerate(PLACES, start=1):
        own = slice(place, place + len(ROWS[row]))
        inputs.ids[sequence, own] = ROWS[row]
        inputs.segments[sequence, own] = number
        inputs.positions[sequence, own] = np.arange(len(ROWS[row]))
    return inputs


def hidden(backbone: Backbone, inputs: Inputs) -> list[np.ndarray]:
    found = np.asarray(backbone.run(inputs).hidden)[0]
    return [found[sequence, place : place + len(ROWS[row])] for row, sequence, place in PLACES]


def backbone(tiny_backbone: Path, precision: Precision) -> Backbone:
    return Backbone(ARCHITECTURE, load_weights(str(tiny_backbone / "model.safetensors")), precision)


@pytest.fixture(scope="module")
def wanted(tiny_backbone: Path) -> list[np.ndarray]:
    """What the stock model makes of each row alone."""
    exact = backbone(tiny_backbone, EXACT)
    return [
        np.asarray(exact.run(one_per_sequence([ROWS[row]], 8)).hidden)[0, 0, : len(ROWS[row])]
        for row, *_ in PLACES
    ]


@pytest.mark.parametrize(("dtype", "largest"), [("float32", 1e-5), ("mixed", 0.05), ("bfloat16", 0.1)])
def test_packed_rows_equal_the_stock_model_s(
    tiny_backbone: Path, wanted: list[np.ndarray], dtype: str, largest: float
) -> None:
    for found, row in zip(
        hidden(backbone(tiny_backbone, Precision(dtype, "packed")), packed()), wanted, strict=True
    ):
        np.testing.assert_allclose(found, row, atol=largest)
        cosine = (found * row).sum(-1) / np.linalg.norm(found, axis=-1) / np.linalg.norm(row, axis=-1)
        assert cosine.min() > 0.999


@pytest.mark.parametrize("activation", ["gelu", "relu"])
@pytest.mark.parametrize(("width", "count"), [(24, 4), (16, 2), (13, 1), (4, 1)])
def test_parts_of_the_feed_forward_layer_add_up_to_it(
    monkeypatch: pytest.MonkeyPatch, width: int, count: int, activation: str
) -> None:
    monkeypatch.setattr(packed_forward, "PART_WIDTH", 6)
    draw = np.random.default_rng(0)

    def linear(inputs: int, outputs: int) -> dict[str, np.ndarray]:
        weight = draw.standard_normal((outputs, inputs)).astype(jnp.bfloat16)
        return {"weight": weight, "bias": draw.standard_normal(outputs).astype(np.float32)}

    whole = {"lin1": linear(8, width), "lin2": linear(width, 8)}
    parts = packed_forward._in_parts(whole)
    hidden = jnp.asarray(draw.standard_normal((2, 5, 8)), jnp.float32)
    found = [
        feed_forward(
            SimpleNamespace(
                variables={"params": jax.tree.map(jnp.asarray, params)},
                config=SimpleNamespace(activation=activation),
                activation=jax.nn.relu,
            ),
            Segments(jnp.zeros((2, 5), int), jnp.zeros((2, 5), int)),
            hidden,
        )
        for params in (whole, parts)
    ]
    assert len(parts["parts"]) == count
    np.testing.assert_allclose(found[1], found[0], atol=2e-5)


@pytest.mark.parametrize("dtype", ["float32", "mixed"])
def test_neither_padding_nor_neighbours_change_a_row(tiny_backbone: Path, dtype: str) -> None:
    faster = backbone(tiny_backbone, Precision(dtype, "packed"))
    np.testing.assert_equal(hidden(faster, packed(junk=17)), hidden(faster, packed()))
    alone, other = packed(), packed()
    other.ids[0, 5:8] = [4, 4, 4]
    np.testing.assert_equal(hidden(faster, other)[0], hidden(faster, alone)[0])
    assert not np.array_equal(hidden(faster, other)[1], hidden(faster, alone)[1])


def test_the_stock_forward_in_bfloat16_is_near_the_exact_one(
    tiny_backbone: Path, wanted: list[np.ndarray]
) -> None:
    half = backbone(tiny_backbone, Precision("bfloat16", "stock"))
    found = np.asarray(half.run(one_per_sequence([ROWS[2]], 8)).hidden)[0, 0]
    np.testing.assert_allclose(found, wanted[2], atol=0.1)


@pytest.mark.skipif(jax.default_backend() != "gpu", reason="cuDNN needs an NVIDIA GPU")
def test_cudnn_attends_as_the_stock_model_does(tiny_backbone: Path, wanted: list[np.ndarray]) -> None:
    found = hidden(backbone(tiny_backbone, Precision("bfloat16", "packed-cudnn")), packed())
    for own, row in zip(found, wanted, strict=True):
        np.testing.assert_allclose(own, row, atol=0.1)


@pytest.mark.parametrize(("attend_within_rows", "calls"), [(attend_by_cudnn, 1), (attend, 0)])
def test_a_gpu_s_program_calls_cudnn_only_if_told_to(
    monkeypatch: pytest.MonkeyPatch, attend_within_rows: Any, calls: int
) -> None:
    """Lowered for a machine that is not here: the mask goes along as a bias, and no scores are written out."""
    from jax._src.cudnn import fused_attention_stablehlo as cudnn

    monkeypatch.setattr(cudnn, "check_cudnn_version", lambda: 91_200)
    weights = {"qkv": dense_shapes(128, 384), "out_lin": dense_shapes(128, 128)}
    numbers = jax.ShapeDtypeStruct((2, 152), jnp.int32)

    def program(params: Any, query: Any, segments: Any, positions: Any) -> Any:
        module = SimpleNamespace(variables={"params": params}, n_heads=2)
        return attend_within_rows(module, Segments(segments, positions), query=query)

    query = jax.ShapeDtypeStruct((2, 152, 128), jnp.bfloat16)
    traced = jax.jit(program).trace(weights, query, numbers, numbers)
    text = traced.lower(lowering_platforms=("cuda",)).as_text()
    assert text.count("@__cudnn$fmhaScaleBiasSoftmax") == calls
    assert text.count("exponential") == 1 - calls


def dense_shapes(inner: int, outer: int) -> dict[str, Any]:
    return {
        "weight": jax.ShapeDtypeStruct((outer, inner), jnp.bfloat16),
        "bias": jax.ShapeDtypeStruct((outer,), jnp.float32),
    }


@pytest.mark.parametrize(
    ("dtype", "says"),
    [("float32", "attends in bfloat16, not in float32"), ("bfloat16", "needs an NVIDIA GPU")],
)
@pytest.mark.skipif(jax.default_backend() == "gpu", reason="it is refused where there is no GPU")
def test_cudnn_is_refused_where_it_cannot_be(tiny_backbone: Path, dtype: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        backbone(tiny_backbone, Precision(dtype, "packed-cudnn"))


def test_mixed_precision_is_exported_for_any_shape(tiny_backbone: Path) -> None:
    faster = backbone(tiny_backbone, Precision("mixed", "packed"))
    weights = jax.device_get(faster.weights)
    shape = jax.ShapeDtypeStruct(export.symbolic_shape("b, t"), np.int32)

    def run(ids: Any, segments: Any, positions: Any) -> Any:
        return faster.encode(weights, Inputs(ids, segments, positions)).hidden

    program = export.export(jax.jit(run), platforms=("cpu", "cuda", "tpu"))(shape, shape, shape)
    found = np.asarray(program.call(*packed()[:3]))
    wanted = np.asarray(faster.run(packed()).hidden)[0]
    for row, sequence, place in PLACES:
        own = slice(place, place + len(ROWS[row]))
        np.testing.assert_allclose(found[sequence, own], wanted[sequence, own], atol=0.02)
