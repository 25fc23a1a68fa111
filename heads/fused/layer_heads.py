"""Heads on layers, all in one matmul a layer: their kernels lie side by side in lanes, and so do their moments.

XLA on CPU pays for every instruction of a loop's body: 32 heads cost what one costs, but for the multiplications.
`heads.modules` is the oracle.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float32, Int

from headstart.heads.fused.lane_places import LanePlaces
from headstart.heads.spec import HeadSpec
from headstart.heads.standard import standardised

PRIOR = 4.0
"""Variance of a logit before any row is seen; as loose for 384 features as for 5,376."""


@runtime_checkable
class RowsOfLayers(Protocol):
    """A batch of rows with pooled vectors of layers."""

    @property
    def layers(self) -> Any:
        """Some such vectors of some layers, [b, m, v, d]."""

    @property
    def standard(self) -> Any:
        """How these are standardised, see `heads.standard.Standard`; None if not at all."""


class Lanes(NamedTuple):
    """Arrays of all heads side by side: parameters, their moments, or a number for each.

    Attributes:
        kernel: `[m, n, k, f]`: n lanes in each of m layers, of whose f features a lane reads some; else it is zero.
        bias: `[lanes, k]`, in the order of `LanePlaces.names`.
        mix: Weights of the layers `[m]` and kernel `[k, f]` of their mixture; () without one.
    """

    kernel: Any
    bias: Any
    mix: Any


@dataclass(frozen=True)
class LayerHeads:
    """Pooling heads on layers, and a mixture of all layers, that go through a batch together; hashable.

    Attributes:
        heads: The heads.
        layers: The encoder's states whose pooled vectors a batch holds: a head reads one of them, or all.
        vectors: Names of the pooled vectors that it holds of each, in the order of `heads.pooling.POOLED`.
    """

    heads: tuple[HeadSpec, ...]
    layers: tuple[int, ...]
    vectors: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The heads' names."""
        return tuple(spec.name for spec in self.heads)

    @property
    def lane_names(self) -> tuple[str, ...]:
        """Whose each lane is; '' for nobody's."""
        return self.places.names

    @functools.cached_property
    def places(self) -> LanePlaces:
        """Who has which lane."""
        return LanePlaces.of(self.heads, self.layers)

    def pack(self, trees: Mapping[str, Any]) -> Lanes:
        """Parameters of each head by name, or trees like them, as lanes."""
        kernels = [trees[name]["dense"]["kernel"] for name in self.names]
        places, shape = self._kernel_places(*self._sizes(kernels[0]))
        total = sum(map(len, places))
        sources = np.full(np.prod(shape) + len(self.places.mixture) * np.prod(shape[2:]), total)
        sources[np.concatenate(places)] = np.arange(total)
        row = jnp.concatenate([*(kernel.ravel() for kernel in kernels), jnp.zeros(1)])[sources]
        nobody = jnp.zeros(shape[2])
        bias = jnp.stack([trees[name]["dense"]["bias"] if name else nobody for name in self.places.names])
        apart = np.prod(shape)
        mix = [(trees[spec.name]["mix"], row[apart:].reshape(shape[2:])) for spec in self.places.mixture]
        return Lanes(row[:apart].reshape(shape), bias, mix[0] if mix else ())

    def unpack(self, lanes: Lanes) -> dict[str, Any]:
        """The trees of each head by name."""
        *_, outputs, features = lanes.kernel.shape
        places, _ = self._kernel_places(features // len(self.vectors), outputs)
        row = jnp.concatenate([lanes.kernel.ravel(), *(part.ravel() for part in lanes.mix[1:])])
        trees: dict[str, Any] = {}
        for name, at in zip(self.names, places, strict=True):
            bias = lanes.bias[self.places.names.index(name)]
            trees[name] = {"dense": {"bias": bias, "kernel": row[at].reshape(-1, outputs)}}
        for spec in self.places.mixture:
            trees[spec.name]["mix"] = lanes.mix[0]
        return trees

    def spread(self, values: Mapping[str, Any], lanes: Lanes) -> Lanes:
        """A number for each head, as lanes that multiply its parameters; 0 for what belongs to no head."""
        width = lanes.kernel.shape[-1] // len(self.vectors)
        (places, shape), nobody = self._kernel_places(width, 1), len(self.heads)
        apart = np.prod(shape)
        owners = np.full(apart + len(self.places.mixture) * np.prod(shape[2:]), nobody)
        for head, at in enumerate(places):
            owners[at] = head
        numbers = jnp.stack([*(jnp.asarray(values[name], jnp.float32) for name in self.names), jnp.zeros(())])
        lane_owners = [self.names.index(name) if name else nobody for name in self.places.names]
        mixed = numbers[owners[apart:].reshape(-1, *shape[2:])]
        mix = [(values[spec.name], mixed[0]) for spec in self.places.mixture]
        return Lanes(
            numbers[owners[:apart].reshape(shape)],
            numbers[np.array(lane_owners)][:, None],
            mix[0] if mix else (),
        )

    def decay(self, lanes: Lanes, rows: Float32[Array, ""]) -> Lanes:
        """What a normal prior of mean 0 adds to the slope of the mean loss, per unit of a parameter.

        A prior under which a logit has the variance `PRIOR` is looser for few features and counts less for many rows.
        Early stopping alone leaves the weights of thousands of features to noise, see `heads.modules.dense_from_zero`.

        Args:
            lanes: The parameters, for their sizes.
            rows: Number of training rows.
        """
        width = lanes.kernel.shape[-1] // len(self.vectors)
        features = {spec.name: width * spec.vectors_read for spec in self.heads}
        pulls = self.spread({name: count / (PRIOR * rows) for name, count in features.items()}, lanes)
        return Lanes(pulls.kernel, jnp.zeros(()), (0.0, pulls.mix[1]) if pulls.mix else ())

    def lane_logits(self, lanes: Lanes, rows: RowsOfLayers) -> Float32[Array, "lanes b k"]:
        """Logits of every lane.

        Args:
            lanes: The parameters.
            rows: The batch.
        """
        m, _, outputs, _ = lanes.kernel.shape
        values = standardised(rows.layers, rows.standard)
        features = values.reshape(*values.shape[:2], -1).swapaxes(0, 1)
        kernel, wide = lanes.kernel, len(self.places.wide)
        if lanes.mix:
            weights, mixed = jax.nn.softmax(lanes.mix[0]), lanes.mix[1]
            kernel, wide = jnp.concatenate([weights[:, None, None, None] * mixed, kernel], axis=1), wide + 1
        products = layer_products(kernel.reshape(m, -1, kernel.shape[-1]), features)
        by_lane = products.reshape(*features.shape[:2], -1, outputs).transpose(2, 0, 1, 3)
        narrow = by_lane[wide:].swapaxes(0, 1).reshape(-1, *by_lane.shape[2:])
        logits: Array = jnp.concatenate([by_lane[:wide].sum(axis=1), narrow]) + lanes.bias[:, None]
        return logits

    def logits(self, params: Mapping[str, Any], rows: RowsOfLayers) -> dict[str, Float32[Array, "b k"]]:
        """Logits of every head from its own parameters."""
        logits = self.lane_logits(self.pack(params), rows)
        return {name: logits[self.places.names.index(name)] for name in self.names}

    def _sizes(self, kernel: Float32[Array | np.ndarray, "f k"]) -> tuple[int, int]:
        """Size of a vector, and logits of a head, from the kernel of the first head."""
        return kernel.shape[0] // self.heads[0].vectors_read, kernel.shape[1]

    @functools.lru_cache(maxsize=8)  # noqa: B019  (a comparison has one group, which lives as long)
    def _kernel_places(
        self, width: int, outputs: int
    ) -> tuple[list[Int[np.ndarray, " _"]], tuple[int, int, int, int]]:
        """Place of each number of each head's kernel, row after row, among the lanes; and the lanes' shape."""
        at = [self.places.of_kernel(spec, self.vectors, width, outputs).ravel() for spec in self.heads]
        return at, self.places.shape(outputs, width * len(self.vectors))


@jax.custom_vjp
def layer_products(
    kernels: Float32[Array, "m g f"], features: Float32[Array, "m b f"]
) -> Float32[Array, "m b g"]:
    """Products of each layer's features with its kernels; the features get no gradient.

    The order of the axes decides the speed on a CPU: of 128 rows by 768 features and 4 kernels `[b, g]` takes a third
    of the time of `[g, b]`, and of the kernels' gradient `[g, b] x [b, f]` two thirds of `[b, g] x [b, f]`.
    """
    products: Array = jnp.einsum("mbf,mgf->mbg", features, kernels)
    return products


def _products_forward(kernels: Array, features: Array) -> tuple[Array, Array]:
    return layer_products(kernels, features), features


def _products_backward(features: Array, slopes: Array) -> tuple[Array, None]:
    return jnp.einsum("mgb,mbf->mgf", slopes.swapaxes(1, 2), features), None


layer_products.defvjp(_products_forward, _products_backward)
