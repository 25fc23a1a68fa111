"""Where the kernels of many heads on layers lie when they lie side by side, see `heads.fused.layer_heads`."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from headstart.heads.registry import MixHead, PoolingHead
from headstart.heads.spec import HeadSpec


class LanePlaces(NamedTuple):
    """Who has which lane, of heads that read the same layers.

    A head on all layers has the same lane of each of them, a head on one layer has a lane there. The mixture of layers
    has none: its kernel lies apart.

    Attributes:
        mixture: The mixture of all layers, or nothing.
        wide: Heads on all layers, which have the first lanes.
        narrow: Heads on one layer, for each layer; as many lanes for each.
    """

    mixture: tuple[HeadSpec, ...]
    wide: tuple[HeadSpec, ...]
    narrow: tuple[tuple[HeadSpec, ...], ...]

    @classmethod
    def of(cls, heads: Sequence[HeadSpec], layers: tuple[int, ...]) -> "LanePlaces":
        """Give each head its lane."""
        mixture = tuple(spec for spec in heads if isinstance(spec.head, MixHead))
        wide = tuple(spec for spec in heads if spec not in mixture and spec.layers == layers)
        rest = [spec for spec in heads if spec not in mixture + wide]
        narrow = tuple(tuple(spec for spec in rest if spec.layers == (layer,)) for layer in layers)
        assert len(heads) == len(mixture + wide) + sum(map(len, narrow))
        return cls(mixture, wide, narrow)

    @property
    def most_narrow(self) -> int:
        """Lanes of each layer for heads on that layer alone."""
        return max(map(len, self.narrow))

    @property
    def names(self) -> tuple[str, ...]:
        """Whose the logits of each lane are, the mixture's first; '' where nobody's."""
        first = [spec.name for spec in self.mixture + self.wide]
        narrow = [
            specs[lane].name if lane < len(specs) else ""
            for specs in self.narrow
            for lane in range(self.most_narrow)
        ]
        return (*first, *narrow)

    def lane_of(self, spec: HeadSpec) -> tuple[list[int], int]:
        """Positions of the layers in which a head has a lane, and the lane's number there."""
        if spec in self.wide:
            return list(range(len(self.narrow))), self.wide.index(spec)
        at = next(at for at, specs in enumerate(self.narrow) if spec in specs)
        return [at], len(self.wide) + self.narrow[at].index(spec)

    def shape(self, outputs: int, features: int) -> tuple[int, int, int, int]:
        """Shape of the kernels side by side."""
        return len(self.narrow), len(self.wide) + self.most_narrow, outputs, features

    def of_kernel(
        self, spec: HeadSpec, vectors: Sequence[str], width: int, outputs: int
    ) -> Int[np.ndarray, "f k"]:
        """Places of a head's kernel in the kernels side by side as one row; the mixture's comes behind them.

        Args:
            spec: The head.
            vectors: Names of the pooled vectors of each layer, in their order.
            width: Size d of a vector.
            outputs: Logits of the head, k.
        """
        head, shape = spec.head, self.shape(outputs, len(vectors) * width)
        assert isinstance(head, PoolingHead | MixHead)
        if spec in self.mixture:
            layers = [np.prod(shape) + np.arange(np.prod(shape[2:])).reshape(shape[2:])]
        else:
            places, lane = self.lane_of(spec)
            layers = [np.arange(np.prod(shape)).reshape(shape)[at, lane] for at in places]
        starts = [vectors.index(name) * width for name in head.read]
        parts = [layer[:, start : start + width] for layer in layers for start in starts]
        return np.concatenate(parts, axis=1).T
