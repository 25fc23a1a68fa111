"""In which numbers the backbone computes, and how that is chosen without loading JAX."""

import importlib.util
import os
from typing import NamedTuple

from headstart.cache.runtime.environment import multiplies_bfloat16

ACCELERATORS = {
    "/dev/nvidia0": ("jax_cuda12_plugin", "jax_cuda13_plugin"),
    "/dev/accel0": ("libtpu",),
    "/dev/vfio/0": ("libtpu",),
}
"""Device files, and the packages with which JAX uses such a device."""


class Precision(NamedTuple):
    """One way to run the backbone; all of it is part of the recipe.

    Attributes:
        compute_dtype: `float32`; `bfloat16`, activations too; or `mixed`: bfloat16 operands of all
            products, everything else float32.
        forward: `packed`, see `extract.backbone.packed_forward`; `packed-cudnn`, the same with cuDNN's
            attention; or `stock`, the model's own code, one row per sequence.
    """

    compute_dtype: str
    forward: str

    @property
    def packed(self) -> bool:
        """Whether several rows may share a sequence."""
        return self.forward != "stock"

    @property
    def cudnn(self) -> bool:
        """Whether attention is cuDNN's, which keeps no scores in memory."""
        return self.forward == "packed-cudnn"

    @property
    def activations(self) -> str:
        """Dtype of what the layers hand on."""
        return "bfloat16" if self.compute_dtype == "bfloat16" else "float32"

    @property
    def operands(self) -> str:
        """Dtype of what the linear layers multiply."""
        return "float32" if self.compute_dtype == "float32" else "bfloat16"

    @property
    def matmul(self) -> str:
        """JAX's matmul precision: unless told, a float32 product is TF32 on an H100, bfloat16 on a TPU."""
        return "highest" if self.compute_dtype == "float32" else "default"


EXACT = Precision("float32", "stock")
"""What all others are compared with."""


def fastest_dtype() -> str:
    """Return the compute dtype that suits this machine; no device is touched, for that takes seconds."""
    if _has_accelerator():
        return "bfloat16"
    return "mixed" if multiplies_bfloat16() else "float32"


def _has_accelerator() -> bool:
    wanted = os.environ.get("JAX_PLATFORMS", "")
    if wanted:
        return wanted.split(",")[0] != "cpu"
    return any(
        os.path.exists(device) and any(importlib.util.find_spec(name) for name in packages)
        for device, packages in ACCELERATORS.items()
    )
