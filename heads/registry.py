"""The ten heads as rows of data, in the order of every table and plot.

A new head made of existing pieces is one more row of `HEADS`. Nothing here imports jax, so that `--help`
can list the names at once.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal


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
    read: tuple[Literal["cls", "max", "mean"], ...]
    learning_rate: float = 2e-3
    reads_tokens: ClassVar[bool] = False
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


Head = PoolingHead | RecurrentHead


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


def described(head: Head) -> dict[str, Any]:
    """The fields that decide its logits, as JSON can hold them."""
    if isinstance(head, PoolingHead):
        return {"read": list(head.read)}
    return {"cell": head.cell, "units": head.units, "pooled": head.pooled}
