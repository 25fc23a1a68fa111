"""PyTorch: transformers' own model with scaled dot-product attention, batches of like length."""

from pathlib import Path

import numpy as np
import torch
from encoding import THREADS, Encode, main
from sorting import sorted_encoder
from transformers import AutoModel


def load(folder: Path, variant: str) -> Encode:
    torch.set_num_threads(THREADS)
    model = load_model(folder, variant)

    @torch.inference_mode()
    def forward(ids: np.ndarray, mask: np.ndarray) -> torch.Tensor:
        inputs = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
        return model(**inputs).last_hidden_state

    return sorted_encoder(folder, forward)


def load_model(folder: Path, variant: str) -> torch.nn.Module:
    return AutoModel.from_pretrained(folder, dtype=variant, attn_implementation="sdpa").eval()


if __name__ == "__main__":
    main(load)
