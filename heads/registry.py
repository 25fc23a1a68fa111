"""The heads as rows of data, in the order of every table and plot: the notebook's ten, and a second group.

A new head made of existing pieces is one more row. Nothing here imports jax, so that `--help` can list the names at
once.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

Vector = Literal["cls", "max", "mean"]
"""A pooled vector of a row, see `heads.pooling.POOLED`."""


@dataclass(frozen=True)
class PoolingHead:
    """A linear classifier on one or more pooled vectors of the frozen hidden states.

    Attributes:
        title: The notebook's name for it.
        read: Pooled vectors to concatenate, in this order.
        learning_rate: Adam's, before the plateau rule cuts it.
        reads_tokens: False: the cached `pooled [b, 3, d]` is all it needs.
        word_order: False: the words after [CLS] can be shuffled without changing a logit.
    """

    title: str
    read: tuple[Vector, ...]
    learning_rate: float = 2e-3
    reads_tokens: ClassVar[bool] = False
    word_order: ClassVar[bool] = False


@dataclass(frozen=True)
class MixHead:
    """A linear classifier on a weighted mean of all layers' pooled vectors; the weights are learnt.

    Attributes:
        title: What plots call it.
        read: Pooled vectors of each layer to concatenate, in this order.
        reads_tokens: False: the cached `layers [b, m, 3, d]` are all it needs.
        word_order: False: as of a `PoolingHead`.

    Reference:
        Peters et al. 2018, https://arxiv.org/abs/1802.05365, equation 1, where each layer may be normalised first.
    """

    title: str
    read: tuple[Vector, ...]
    reads_tokens: ClassVar[bool] = False
    word_order: ClassVar[bool] = False


@dataclass(frozen=True)
class AttentionHead:
    """A linear classifier on weighted means of the tokens, one for each of a few learnt queries.

    Attributes:
        title: What plots call it.
        queries: Number of queries; each weighs the tokens by the softmax of their products with it.
        learning_rate: Adam's, before the plateau rule cuts it.
        reads_tokens: True: it needs `hidden [b, t, d]` and `mask [b, t]`.
        word_order: False: a mean does not know the order of its words.

    Reference:
        Lin et al. 2017, https://arxiv.org/abs/1703.03130, without the hidden layer.
    """

    title: str
    queries: int
    learning_rate: float = 1e-3
    reads_tokens: ClassVar[bool] = True
    word_order: ClassVar[bool] = False


@dataclass(frozen=True)
class RecurrentHead:
    """A recurrent layer over the frozen hidden states, and a linear classifier on what it leaves.

    Attributes:
        title: The notebook's name for it.
        cell: Recurrent unit, a key of `heads.cells.CELLS`.
        units: State size of each direction.
        bidirectional: Whether a second layer reads each row from its last real token to its first.
        pooled: Whether to read mean and max over the outputs of all real tokens instead of the last state.
        learning_rate: Adam's, before the plateau rule cuts it.
        reads_tokens: True: it needs `hidden [b, t, d]` and `mask [b, t]`.
        word_order: True: shuffled words give other logits.
    """

    title: str
    cell: Literal["gru", "lstm"]
    units: int
    bidirectional: bool = False
    pooled: bool = False
    learning_rate: float = 1e-3
    reads_tokens: ClassVar[bool] = True
    word_order: ClassVar[bool] = True


Head = PoolingHead | RecurrentHead | MixHead | AttentionHead


# Titles are the notebook's, word for word: its published results go by them.
HEADS: dict[str, Head] = {
    "cls": PoolingHead("[CLS] token only", read=("cls",)),
    "max": PoolingHead("GlobalMaxPooling Last Hidden States", read=("max",)),
    "avg": PoolingHead("GlobalAveragePooling Last Hidden States", read=("mean",)),
    "maxavg": PoolingHead("GlobalMaxAveragePooling Last Hidden States", read=("mean", "max")),
    "gru": RecurrentHead("Finetuned Last Hidden States with simple GRU", "gru", units=64),
    "gru_pooled": RecurrentHead(
        "Finetuned Last Hidden States with GlobalMaxAveragePooled GRU", "gru", units=64, pooled=True
    ),
    "bigru_pooled": RecurrentHead(
        "Finetuned Last Hidden States with GlobalMaxAveragePooled BiGRU",
        "gru",
        units=32,
        bidirectional=True,
        pooled=True,
    ),
    "lstm": RecurrentHead("Finetuned Last Hidden States with simple LSTM", "lstm", units=64),
    "lstm_pooled": RecurrentHead(
        "Finetuned Last Hidden States with GlobalMaxAveragePooled LSTM", "lstm", units=64, pooled=True
    ),
    "bilstm_pooled": RecurrentHead(
        "Finetuned Last Hidden States with GlobalMaxAveragePooled BiLSTM",
        "lstm",
        units=32,
        bidirectional=True,
        pooled=True,
    ),
}

MORE_HEADS: dict[str, Head] = {
    "mix": MixHead("Learnt Mixture of All Layers, GlobalMaxAveragePooling", read=("mean", "max")),
    "attn": AttentionHead("Attention Pooling of Last Hidden States", queries=4),
}
"""What the notebook did not have: `--heads more`."""

GROUPS = {"all": tuple(HEADS), "more": tuple(MORE_HEADS)}
"""Names of each group of heads, by the word that means them all."""

REGISTRY: dict[str, Head] = {**HEADS, **MORE_HEADS}
"""All heads, in the order of every table and plot."""


def described(head: Head) -> dict[str, Any]:
    """The fields that decide its logits, as JSON can hold them."""
    if isinstance(head, PoolingHead | MixHead):
        return {"read": list(head.read)}
    if isinstance(head, AttentionHead):
        return {"queries": head.queries}
    return {"cell": head.cell, "units": head.units, "pooled": head.pooled}
