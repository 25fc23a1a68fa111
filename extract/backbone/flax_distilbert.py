"""DistilBERT as Flax modules: names, parameters and operations are those of `FlaxDistilBertModel`, bit for bit.

transformers 5 has no Flax any more; where it is installed, these modules take the place of its version 4's, which the
tests compare them with. The file needs nothing but JAX and Flax: exported folders hold a copy.

Reference: transformers 4.57.6, models/distilbert/modeling_flax_distilbert.py; Sanh et al. 2019,
https://arxiv.org/abs/1910.01108.
"""

import functools
import math
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

Array = jax.Array
Dtype = Any
EPSILON = 1e-12
ACTIVATIONS: dict[str, Any] = {"gelu": functools.partial(nn.gelu, approximate=False), "relu": nn.relu}


class DistilBertShape(NamedTuple):
    """All that decides the values besides the weights; names are `DistilBertConfig`'s.

    `extract.checkpoint.architecture` has the same fields: it is read without JAX, and this file is copied to exports.

    Attributes:
        vocab_size: Rows of the word embeddings.
        dim: Length d of a hidden vector.
        n_layers, n_heads: Layers, and heads of each.
        hidden_dim: Values between the two linear layers of a feed-forward layer.
        max_position_embeddings: Rows of the position embeddings.
        activation: Key of `ACTIVATIONS`.
        dropout, attention_dropout: Shares that become zero, of outputs and of attention weights, unless the pass is
            deterministic.
    """

    vocab_size: int
    dim: int
    n_layers: int
    n_heads: int
    hidden_dim: int
    max_position_embeddings: int
    activation: str
    dropout: float = 0.1
    attention_dropout: float = 0.1


class FlaxEmbeddings(nn.Module):
    """Word and position embeddings of ids `[b, t]`, added and normalised, `[b, t, d]`."""

    config: DistilBertShape
    dtype: Dtype = jnp.float32

    def setup(self) -> None:
        self.word_embeddings = nn.Embed(self.config.vocab_size, self.config.dim)
        self.position_embeddings = nn.Embed(self.config.max_position_embeddings, self.config.dim)
        self.LayerNorm = nn.LayerNorm(epsilon=EPSILON, dtype=self.dtype)
        self.dropout = nn.Dropout(self.config.dropout)

    def __call__(self, input_ids: Array, deterministic: bool = True) -> Any:
        positions = jnp.broadcast_to(jnp.arange(input_ids.shape[1]).astype("i4"), input_ids.shape)
        embedded = self.word_embeddings(input_ids.astype("i4")) + self.position_embeddings(positions)
        return self.dropout(self.LayerNorm(embedded), deterministic=deterministic)


class FlaxMultiHeadSelfAttention(nn.Module):
    """Softmax attention of `query [b, t, d]` over the positions whose `mask [b, t]` is 1."""

    config: DistilBertShape
    dtype: Dtype = jnp.float32

    def setup(self) -> None:
        self.n_heads = self.config.n_heads
        self.dropout = nn.Dropout(self.config.attention_dropout)
        self.q_lin, self.k_lin, self.v_lin, self.out_lin = (
            nn.Dense(self.config.dim, dtype=self.dtype) for _ in range(4)
        )

    def __call__(self, *, query: Array, mask: Array, deterministic: bool = True) -> tuple[Array]:
        b, t, d = query.shape
        width = d // self.n_heads
        q, k, v = (
            linear(query).reshape(b, t, self.n_heads, width).transpose(0, 2, 1, 3)
            for linear in (self.q_lin, self.k_lin, self.v_lin)
        )
        scores = jnp.matmul(q / math.sqrt(width), k.transpose(0, 1, 3, 2))
        scores = scores - 1e30 * (1.0 - mask.reshape(b, 1, 1, t).astype(scores.dtype))
        weights = self.dropout(nn.softmax(scores, axis=-1), deterministic=deterministic)
        context = jnp.matmul(weights, v).transpose(0, 2, 1, 3).reshape(b, t, d)
        return (self.out_lin(context),)


class FlaxFFN(nn.Module):
    """Two linear layers with an activation between them, for `[b, t, d]`."""

    config: DistilBertShape
    dtype: Dtype = jnp.float32

    def setup(self) -> None:
        self.lin1 = nn.Dense(self.config.hidden_dim, dtype=self.dtype)
        self.lin2 = nn.Dense(self.config.dim, dtype=self.dtype)
        self.dropout = nn.Dropout(self.config.dropout)
        self.activation = ACTIVATIONS[self.config.activation]

    def __call__(self, hidden_states: Array, deterministic: bool = True) -> Any:
        hidden_states = self.lin2(self.activation(self.lin1(hidden_states)))
        return self.dropout(hidden_states, deterministic=deterministic)


class FlaxTransformerBlock(nn.Module):
    """One layer: attention and feed-forward, each added to what it reads and normalised."""

    config: DistilBertShape
    dtype: Dtype = jnp.float32

    def setup(self) -> None:
        self.attention = FlaxMultiHeadSelfAttention(self.config, dtype=self.dtype)
        self.sa_layer_norm = nn.LayerNorm(epsilon=EPSILON, dtype=self.dtype)
        self.ffn = FlaxFFN(self.config, dtype=self.dtype)
        self.output_layer_norm = nn.LayerNorm(epsilon=EPSILON, dtype=self.dtype)

    def __call__(self, hidden_states: Array, attn_mask: Array, deterministic: bool = True) -> tuple[Array]:
        (attended,) = self.attention(query=hidden_states, mask=attn_mask, deterministic=deterministic)
        attended = self.sa_layer_norm(attended + hidden_states)
        fed = self.ffn(attended, deterministic=deterministic)
        return (self.output_layer_norm(fed + attended),)


class FlaxTransformer(nn.Module):
    """All layers; returns the last hidden states, and those of the embeddings and of every layer."""

    config: DistilBertShape
    dtype: Dtype = jnp.float32

    def setup(self) -> None:
        self.layers = [
            FlaxTransformerBlock(self.config, name=str(number), dtype=self.dtype)
            for number in range(self.config.n_layers)
        ]

    def __call__(
        self, hidden_states: Array, attention_mask: Array, deterministic: bool = True
    ) -> tuple[Array, tuple[Array, ...]]:
        states = [hidden_states]
        for layer in self.layers:
            states.append(layer(states[-1], attention_mask, deterministic=deterministic)[0])
        return states[-1], tuple(states)


class FlaxTransformerEncoder(nn.Module):
    """The layers under the name that checkpoints give them."""

    config: DistilBertShape
    dtype: Dtype = jnp.float32

    def setup(self) -> None:
        self.layer = FlaxTransformer(self.config, dtype=self.dtype)

    def __call__(self, hidden_states: Array, attention_mask: Array, deterministic: bool = True) -> Any:
        return self.layer(
            hidden_states=hidden_states, attention_mask=attention_mask, deterministic=deterministic
        )


class FlaxDistilBertModule(nn.Module):
    """The encoder: from ids and mask `[b, t]` to the last hidden states `[b, t, d]` and all states before them."""

    config: DistilBertShape
    dtype: Dtype = jnp.float32

    def setup(self) -> None:
        self.embeddings = FlaxEmbeddings(self.config, dtype=self.dtype)
        self.transformer = FlaxTransformerEncoder(self.config, dtype=self.dtype)

    def __call__(self, input_ids: Array, attention_mask: Array, deterministic: bool = True) -> Any:
        embedded = self.embeddings(input_ids, deterministic=deterministic)
        return self.transformer(embedded, attention_mask, deterministic=deterministic)


def parameter_shapes(config: DistilBertShape) -> Any:
    """The nested parameters of a model, as shapes."""
    ids = jax.ShapeDtypeStruct((1, 1), jnp.int32)
    variables = jax.eval_shape(FlaxDistilBertModule(config).init, jax.random.key(0), ids, ids)
    return variables["params"]
