"""The numbers in which the backbone computes, chosen without loading JAX."""

import importlib.util
import os
from typing import NamedTuple

from headstart.cache.recipe import Recipe
from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.machine import multiplies_bfloat16
from headstart.extract.settings import Settings

NVIDIA = ("/dev/nvidia0", "/dev/nvidiactl", "/dev/dxg")
"""Device files by which JAX sees that there is an NVIDIA GPU."""
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

    @classmethod
    def of(cls, recipe: Recipe) -> "Precision":
        """Return a recipe's precision."""
        return cls(recipe.compute_dtype, recipe.forward)

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
        """Dtype in which the layers hand on their outputs."""
        return "bfloat16" if self.compute_dtype == "bfloat16" else "float32"

    @property
    def operands(self) -> str:
        """Dtype of the operands of the linear layers."""
        return "float32" if self.compute_dtype == "float32" else "bfloat16"

    @property
    def matmul(self) -> str:
        """JAX's matmul precision: unless told, a float32 product is TF32 on an H100, bfloat16 on a TPU."""
        return "highest" if self.compute_dtype == "float32" else "default"


EXACT = Precision("float32", "stock")
"""The precision with which all others are compared."""


def choose_precision(settings: Settings) -> Precision:
    """Return the precision that the settings name, or the fastest one.

    Raises:
        UserError: the stock model's code has no mixed precision, or packed rows have no padding and no dropout.
    """
    dtype = fastest_dtype() if settings.compute_dtype == "auto" else settings.compute_dtype
    forward = choose_forward(settings)
    if dtype == "mixed" and forward == "stock":
        if settings.compute_dtype == "mixed":
            raise UserError(
                "--compute-dtype mixed needs --forward packed, and neither --layout padded nor --dropout-views; "
                "the stock model has float32 and bfloat16"
            )
        dtype = "float32"
    return Precision(dtype, forward)


def choose_forward(settings: Settings) -> str:
    """Return the forward pass that suits the settings: only the model's own has padding and dropout.

    Raises:
        UserError: the settings name the other one.
    """
    only_stock = "--layout padded" if settings.layout == "padded" else ""
    only_stock = "--dropout-views" if settings.dropout_views else only_stock
    if only_stock and settings.forward.startswith("packed"):
        raise UserError(f"{only_stock} needs --forward stock: packed rows have neither padding nor dropout")
    if settings.forward == "auto":
        return "stock" if only_stock else "packed"
    return settings.forward


def fastest_dtype() -> str:
    """Return the compute dtype that suits this machine; no device is touched, for that takes seconds."""
    if _has_accelerator():
        return "bfloat16"
    return "mixed" if multiplies_bfloat16() else "float32"


def _has_accelerator() -> bool:
    platforms = os.environ.get("JAX_PLATFORMS", "")
    if platforms:
        # JAX takes the first one. It passes over CUDA without a GPU; any other that is absent is an error.
        present = [
            name for name in platforms.split(",") if name != "cuda" or any(map(os.path.exists, NVIDIA))
        ]
        return present[:1] != ["cpu"]
    return any(
        os.path.exists(device) and any(importlib.util.find_spec(name) for name in packages)
        for device, packages in ACCELERATORS.items()
    )
