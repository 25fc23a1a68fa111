"""The ten heads: `HEADS` says what each one is, `heads.modules` builds it and draws its first parameters.

Importing this package costs milliseconds: jax and flax are first imported by `heads.modules`.
"""

from headstart.heads.registry import HEADS, Head, PoolingHead, RecurrentHead

__all__ = ["HEADS", "Head", "PoolingHead", "RecurrentHead"]
