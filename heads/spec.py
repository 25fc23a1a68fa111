"""A head and the layers that it reads: `avg` stands on the last layer, `avg@3` on layer 3, `avg@all` on all of them.

The encoder's states are numbered as transformers' `hidden_states`: 0 is the embeddings, i is layer i.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from headstart.heads.registry import REGISTRY, AttentionHead, Head, MixHead, PoolingHead, RecurrentHead

AT, LAST, ALL = "@", "last", "all"
POOLING = tuple(name for name, head in REGISTRY.items() if isinstance(head, PoolingHead))
"""Names of the heads that can stand on any layer."""

STANDARD_RATE = 5e-3
"""Adam's rate for standardised vectors, however many. The concatenation of all layers ended on 3,816 comments, 4,000
tweets and 4,000 reviews within 1 % of the loss of a logistic regression whose strength the validation rows chose;
divided by the root of the number of vectors, 2 to 11 % above it (on 24,783 tweets 5 % lower)."""


@dataclass(frozen=True)
class HeadSpec:
    """One head of a comparison.

    Attributes:
        name: As the user wrote it; results, folders and tables call it so.
        head: Row of the registry.
        layers: The encoder's states whose pooled vectors it reads, concatenated and standardised by the training rows;
            () where it reads what the last layer leaves as it is, or the cache holds no others.
    """

    name: str
    head: Head
    layers: tuple[int, ...] = ()

    @property
    def reads_tokens(self) -> bool:
        """It needs the last layer's `hidden [n, d]`."""
        return self.head.reads_tokens

    @property
    def reads_layers(self) -> bool:
        """It needs `layers [b, m, 3, d]`."""
        return AT in self.name or isinstance(self.head, MixHead)

    @property
    def reads_pooled(self) -> bool:
        """It needs the last layer's `pooled [b, 3, d]`."""
        return not (self.reads_tokens or self.reads_layers)

    @property
    def vectors_read(self) -> int:
        """Pooled vectors that its classifier reads side by side; 0 of a head that reads tokens."""
        if not isinstance(self.head, PoolingHead | MixHead):
            return 0
        return len(self.head.read) * (1 if isinstance(self.head, MixHead) else max(len(self.layers), 1))

    @property
    def learning_rate(self) -> float:
        """Adam's, before the plateau rule cuts it."""
        return (
            STANDARD_RATE if self.reads_layers or isinstance(self.head, MixHead) else self.head.learning_rate
        )

    @property
    def kept(self) -> "HeadSpec":
        """The head whose parameters are kept: of a mixture one kernel over all layers, see `heads.standard.folded`."""
        if not isinstance(self.head, MixHead):
            return self
        return HeadSpec(f"{self.name}{AT}{ALL}", PoolingHead(self.head.title, self.head.read), self.layers)

    @property
    def title(self) -> str:
        """What plots and reports call it; the notebook calls frozen features finetuned."""
        _, at, layer = self.name.partition(AT)
        named = {LAST: "last layer", ALL: "all layers"}.get(layer, f"layer {layer}")
        return f"{short_title(self.head)}, {named}" if at else short_title(self.head)


def short_title(head: Head) -> str:
    """What a head computes, in a few words."""
    if isinstance(head, AttentionHead):
        return f"attention pooling, {head.queries} queries"
    if isinstance(head, RecurrentHead):
        ways, read = "bidirectional " * head.bidirectional, "mean and max" if head.pooled else "last state"
        return f"{ways}{head.cell.upper()}, {read}"
    if isinstance(head, MixHead):
        return f"mixture of layers, {' and '.join(head.read)}"
    return "[CLS] token" if head.read == ("cls",) else f"{' and '.join(head.read)} pooling"


def spec_of(name: str, states: Sequence[int] = (), last: int = 0) -> HeadSpec:
    """A head by its name.

    Args:
        name: A key of the registry; behind a pooling head's perhaps `@` and a number, `last` or `all`.
        states: The encoder's states whose pooled vectors a cache holds.
        last: Number of the encoder's last layer.

    Raises:
        ValueError: there is no such head.
    """
    base, at, layer = name.partition(AT)
    head = REGISTRY.get(base)
    if head is None or (at and not (base in POOLING and is_layer(layer))):
        raise ValueError(f"there is no head {name!r}")
    if isinstance(head, MixHead) or layer == ALL:
        return HeadSpec(name, head, tuple(states))
    return HeadSpec(name, head, (last if layer == LAST else int(layer),) if at else ())


def is_layer(text: str) -> bool:
    """Whether a text stands for a layer: a number as Python writes it, `last` or `all`."""
    return text in (LAST, ALL) or (text.isascii() and text.isdigit() and str(int(text[:4])) == text)


def is_head(name: str) -> bool:
    """Whether there is a head of that name."""
    try:
        spec_of(name)
    except ValueError:
        return False
    return True


def in_table_order(names: Sequence[str]) -> list[str]:
    """Heads as a table lists them: by the registry, and then by their layer: none, 0, 1, ..., `last`, `all`."""
    return sorted(names, key=_place)


def _place(name: str) -> tuple[int, int]:
    base, at, layer = name.partition(AT)
    beyond = {LAST: 10_000, ALL: 10_001}.get(layer)
    return tuple(REGISTRY).index(base), -1 if not at else int(layer) if beyond is None else beyond
