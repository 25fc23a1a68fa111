"""The frozen backbone on all local devices: the only file that touches transformers' Flax classes.

transformers 5 has no Flax: there, modules of our own compute the same, bit for bit.
"""

import functools
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from headstart.cache.runtime.errors import UserError
from headstart.extract.backbone import dropout_masks, flax_distilbert, packed_forward
from headstart.extract.backbone.compilation import Programs
from headstart.extract.backbone.devices import map_shares, replicate
from headstart.extract.backbone.packed_forward import Segments
from headstart.extract.backbone.precision import EXACT, Precision
from headstart.extract.backbone.row_pooling import RowPlaces, pool_layers
from headstart.extract.checkpoint.architecture import Architecture, Dropout

WIDE = {"xla_cpu_prefer_vector_width": 512}
"""Processors that multiply bfloat16 compute with 16 numbers at once; XLA takes 8 unless told."""

stock: Any
ALL_STATES: dict[str, bool]
try:
    from transformers import DistilBertConfig
    from transformers.models.distilbert import modeling_flax_distilbert as stock
    from transformers.utils import logging

    ALL_STATES = {"output_hidden_states": True, "return_dict": False}
except ImportError:  # transformers 5 and newer
    stock, ALL_STATES = flax_distilbert, {}

Functions = dict[type, Callable[..., Any]]
"""Functions that stand in the place of modules' `__call__`."""


class Inputs(NamedTuple):
    """A batch for the backbone.

    Attributes:
        ids: Token ids of sequences; the number of sequences is a multiple of the devices.
        segments: Number of each token's row, from 1 within a sequence; 0 for padding.
        positions: Position of each token within its row.
        noise: View and row of each sequence, which holds one row, as dropout depends on them; None for no dropout.
        starts, lengths: Where the rows to pool are in the tokens of each of s devices, see `RowPlaces`; None where none
            are pooled.
    """

    ids: Int[np.ndarray | Array, "r t"]
    segments: Int[np.ndarray | Array, "r t"]
    positions: Int[np.ndarray | Array, "r t"]
    noise: Int[np.ndarray | Array, "r 2"] | None = None
    starts: Int[np.ndarray | Array, "s n"] | None = None
    lengths: Int[np.ndarray | Array, "s n"] | None = None


class States(NamedTuple):
    """What the backbone makes of a batch, in the storage dtype.

    Attributes:
        hidden: Last hidden states; what stands at padding holds no meaning.
        layers: First, maximum and mean vector of each row at each of m layers; None where no rows or no layers are
            named. Of the last layer, tokens are rounded before they are pooled, as those that are stored.
    """

    hidden: Float[Array, "*s b t d"]
    layers: Float[Array, "*s n m 3 d"] | None = None


class Backbone:
    """`FlaxDistilBertModel` with its weights on every local device.

    Attributes:
        devices: Local devices.
        width: Length of a hidden vector.
        storage_dtype: Dtype to which hidden states are rounded.
        programs: Compiled programs, one for each shape of batch.
        last: Number of the last layer.
        layers: Numbers of the states that are pooled: 0 for the embeddings, i for layer i.
        compiler_options: Options of every program that `encode` is part of, so that all give the same bits.
        weights: Weights as `encode` takes them, on every device.
    """

    def __init__(
        self,
        architecture: Architecture,
        weights: dict[str, Any],
        precision: Precision = EXACT,
        storage_dtype: str = "float32",
        dropout: Dropout | None = None,
        layers: Sequence[int] = (),
    ) -> None:
        self.devices, self.layers = jax.local_devices(), tuple(layers)
        self.width, self.storage_dtype = architecture.dim, jnp.dtype(storage_dtype)
        self._precision = precision
        _check_cudnn(precision)
        self._dropout = dropout
        self._module, shapes = _model(architecture, precision.activations, dropout)
        _check_weights(shapes, weights)
        head_width = architecture.dim // architecture.n_heads
        prepared = packed_forward.fuse(weights, precision, head_width) if precision.packed else weights
        self.weights = replicate(prepared, self.devices)
        self._forward = map_shares(self.encode, self.devices)
        self._layer = jax.jit(self._one_layer)
        self.last = architecture.n_layers
        self._on_cpu = self.devices[0].platform == "cpu"
        self.compiler_options = WIDE if self._on_cpu and precision.compute_dtype == "mixed" else {}
        self.programs = Programs(self._compile)

    @property
    def packs_rows(self) -> bool:
        """Whether several rows may share a sequence."""
        return self._precision.packed

    @property
    def pools_last(self) -> bool:
        """Whether the last layer is among those that are pooled."""
        return self.last in self.layers

    def run(self, batch: Inputs) -> States:
        """Start the forward pass of one batch and return at once: the devices' shares, one after another."""
        shards = self._shard(batch)
        states: States = self.programs.get(shards)(self.weights, shards)
        return states

    def compiling_ahead(self, batches: Iterable[Inputs]) -> AbstractContextManager[None]:
        """Compile for batches of these shapes while the body of `with` runs; their values do not matter.

        Not on a GPU: XLA times kernels while it compiles, which wants the GPU for itself.
        """
        if self.devices[0].platform == "gpu":
            return nullcontext()
        return self.programs.ahead(map(self._shard, batches))

    def close(self) -> None:
        """Free the memory of the weights on the devices; this backbone can compute nothing any more."""
        jax.tree.map(lambda values: values.delete(), self.weights)

    def encode(self, weights: Any, batch: Inputs) -> States:
        """The forward pass as a pure function, to be made part of a larger program.

        Args:
            weights: `self.weights`, or their copy on one device.
            batch: Sequences of one device.
        """
        states = self.states(weights, batch)
        hidden = states[-1].astype(self.storage_dtype)
        if not self.layers or batch.starts is None or batch.lengths is None:
            return States(hidden)
        rows = RowPlaces(jnp.asarray(batch.starts[0]), jnp.asarray(batch.lengths[0]))
        # The barrier keeps the compiler from computing a layer in another way because it is pooled.
        pooled = (*states[:-1], hidden)
        chosen = [lax.optimization_barrier(pooled[number]) for number in self.layers]
        return States(hidden, pool_layers(chosen, rows, self._on_cpu).astype(self.storage_dtype))

    def states(self, weights: Any, batch: Inputs) -> tuple[Float[Array, "b t d"], ...]:
        """Hidden states of the embeddings and of every layer, unrounded, as a pure function; see `encode`."""
        mask = (batch.segments > 0).astype(jnp.int32)
        segments = Segments(jnp.asarray(batch.segments), jnp.asarray(batch.positions))
        if self._dropout and batch.noise is not None:
            interceptor = dropout_masks.interceptor(self._dropout.seed, jnp.asarray(batch.noise))
        else:
            functions: Functions = {stock.FlaxTransformer: self._all_layers}
            if self._precision.packed:
                functions[stock.FlaxEmbeddings] = packed_forward.embed
            interceptor = _interceptor(segments, functions)
        with jax.default_matmul_precision(self._precision.matmul), nn.intercept_methods(interceptor):
            _, states = self._module.apply({"params": weights}, batch.ids, mask, **ALL_STATES)
        return tuple(states)

    def _all_layers(
        self, module: Any, segments: Segments, *, hidden_states: Array, attention_mask: Array, **_: Any
    ) -> tuple[Array, tuple[Array, ...]]:
        """Stand in for `FlaxTransformer`; all layers are one function, which JAX traces once.

        Returns:
            The last hidden states, and those of the embeddings and of every layer.
        """
        states = [hidden_states]
        for number in range(module.config.n_layers):
            weights = module.variables["params"][str(number)]
            states.append(self._layer(weights, segments, states[-1], attention_mask))
        return states[-1], tuple(states)

    def _one_layer(
        self,
        weights: dict[str, Any],
        segments: Segments,
        hidden: Float[Array, "b t d"],
        mask: Int[Array, "b t"],
    ) -> Float[Array, "b t d"]:
        layer = stock.FlaxTransformerBlock(self._module.config, self._module.dtype, parent=None)
        functions: Functions = {}
        if self._precision.packed:
            functions[stock.FlaxMultiHeadSelfAttention] = packed_forward.attend
            functions[stock.FlaxFFN] = packed_forward.feed_forward
        if self._precision.cudnn:
            functions[stock.FlaxMultiHeadSelfAttention] = packed_forward.attend_by_cudnn
        with nn.intercept_methods(_interceptor(segments, functions)):
            output: Array = layer.apply({"params": weights}, hidden, mask)[0]
        return output

    def _shard(self, batch: Inputs) -> Inputs:
        """Deal the sequences to the devices, `[devices, r, t]`."""
        count = len(self.devices)
        shards: Inputs = jax.tree.map(lambda values: values.reshape(count, -1, values.shape[1]), batch)
        return shards

    def _compile(self, shards: Inputs) -> Any:
        return self._forward.lower(self.weights, shards).compile(self.compiler_options)


# Kept, because the check against float32 wants the same model again.
@functools.cache
def _model(architecture: Architecture, compute_dtype: str, dropout: Dropout | None) -> tuple[Any, Any]:
    """The encoder's module, and its parameters' shapes."""
    rates = {"dropout": dropout.hidden, "attention_dropout": dropout.attention} if dropout else {}
    sizes, dtype = {**vars(architecture), **rates}, jnp.dtype(compute_dtype)
    if stock is flax_distilbert:
        config = flax_distilbert.DistilBertShape(**sizes)
        return stock.FlaxDistilBertModule(config, dtype), flax_distilbert.parameter_shapes(config)
    logging.set_verbosity_error()  # it warns that Flax ends with version 5
    # The position table is always read from the checkpoint, sinusoidal or not.
    stock_config = DistilBertConfig(**sizes, sinusoidal_pos_embds=False)
    model = stock.FlaxDistilBertModel(stock_config, dtype=dtype, _do_init=False)
    return model.module, model.params_shape_tree


def _check_cudnn(precision: Precision) -> None:
    if not precision.cudnn:
        return
    if precision.compute_dtype != "bfloat16":
        raise UserError(
            f"cuDNN attends in bfloat16, not in {precision.compute_dtype}: add --compute-dtype bfloat16, or take "
            "--forward packed"
        )
    if jax.default_backend() != "gpu":
        raise UserError(
            f"--forward packed-cudnn needs an NVIDIA GPU; JAX runs on {jax.default_backend()} here: take "
            "--forward packed"
        )


def _interceptor(segments: Segments, functions: Functions) -> Any:
    """Put functions, `extract.backbone.packed_forward`'s mostly, in the place of the stock modules' `__call__`."""

    def intercept(stock_method: Any, arguments: Any, options: Any, context: Any) -> Any:
        faster = functions.get(type(context.module)) if context.method_name == "__call__" else None
        if faster is None:
            return stock_method(*arguments, **options)
        return faster(context.module, segments, *arguments, **options)

    return intercept


def _check_weights(parameters: Any, weights: dict[str, Any]) -> None:
    """Refuse weights with other names or shapes than the model's parameters."""
    expected, actual = _shapes(parameters), _shapes(weights)
    for name in sorted(expected | actual):
        shape, model_shape = actual.get(name, "none"), expected.get(name, "none")
        if shape != model_shape:
            raise UserError(
                f"the checkpoint does not fit its config.json: {name} has shape {shape}, wanted {model_shape}"
            )


def _shapes(weights: Any) -> dict[str, tuple[int, ...]]:
    leaves = jax.tree_util.tree_leaves_with_path(weights)
    return {jax.tree_util.keystr(path, simple=True, separator="."): leaf.shape for path, leaf in leaves}
