"""sentence-transformers as it comes: its own sorting, batches of 32 rows unless told otherwise."""

import os
from pathlib import Path

import torch
from encoding import MAX_LENGTH, THREADS, Encode, Vectors, main

os.environ["HF_HUB_OFFLINE"] = "1"

from sentence_transformers import SentenceTransformer


def load(folder: Path, variant: str) -> Encode:
    torch.set_num_threads(THREADS)
    model = SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": variant})
    model.max_seq_length = MAX_LENGTH

    def encode(texts: list[str], batch: int) -> Vectors:
        return model.encode(texts, batch_size=batch, output_value="token_embeddings", show_progress_bar=False)

    return encode


if __name__ == "__main__":
    main(load)
