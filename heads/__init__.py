"""The ten heads: `HEADS` says what each one is, `heads.modules` builds it and draws its first parameters.

Importing this package costs milliseconds: jax and flax are first imported by `heads.modules`.
"""

from headstart.heads.registry import HEADS, AttentionHead, Head, MixHead, PoolingHead, RecurrentHead
from headstart.heads.spec import HeadSpec, spec_of

__all__ = [
    "HEADS",
    "AttentionHead",
    "Head",
    "HeadSpec",
    "MixHead",
    "PoolingHead",
    "RecurrentHead",
    "spec_of",
]
