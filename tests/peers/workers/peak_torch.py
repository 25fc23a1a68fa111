"""PyTorch's rate at one large square matmul, which is oneDNN's for bfloat16 and MKL's for float32."""

import time
from typing import Any

import torch
from answers import serve
from encoding import THREADS


def run(dtype: str, size: int) -> dict[str, Any]:
    torch.set_num_threads(THREADS)
    left, right = (torch.randn(size, size).to(getattr(torch, dtype)) for _ in range(2))
    left @ right
    start = time.perf_counter()
    left @ right
    return {"flops": 2 * size**3 / (time.perf_counter() - start)}


if __name__ == "__main__":
    serve(run=run)
