"""Our stage one without its cache: the only file of the comparison that knows how `extract` works inside."""
# ruff: noqa: E402  (JAX reads what prepare_jax sets while it is imported)

from collections.abc import Iterator
from pathlib import Path

from encoding import MAX_LENGTH, Encode, Vectors, main

from headstart.cache.runtime.environment import prepare_jax

prepare_jax()  # before JAX is imported

import numpy as np

from headstart.cache.block import Block
from headstart.extract.backbone.devices import default_batch_tokens
from headstart.extract.backbone.distilbert import Backbone
from headstart.extract.backbone.precision import Precision, fastest_dtype
from headstart.extract.checkpoint.architecture import read_architecture
from headstart.extract.checkpoint.checkpoint import find_checkpoint
from headstart.extract.checkpoint.weights import load_weights
from headstart.extract.features.blocks import cut, plan_blocks
from headstart.extract.features.compute import TokenizedRows, compute_block
from headstart.extract.features.packing import BatchShape, packed_lengths
from headstart.extract.settings import Settings
from headstart.extract.text.pretrained import load_tokenizer
from headstart.extract.text.tokenizer import tokenize


def load(folder: Path, variant: str) -> Encode:
    """Our defaults, but the compute dtype of the variant; `default` leaves that, too."""
    defaults = Settings()
    checkpoint = find_checkpoint(str(folder))
    dtype = fastest_dtype() if variant == "default" else variant
    architecture = read_architecture(checkpoint.config, checkpoint.name)
    weights = load_weights(checkpoint.weights)
    backbone = Backbone(architecture, weights, Precision(dtype, defaults.forward), defaults.dtype)
    tokenizer = load_tokenizer(checkpoint.folder, MAX_LENGTH)
    shape = BatchShape(packed_lengths(MAX_LENGTH), default_batch_tokens(), len(backbone.devices), packed=True)

    def blocks(texts: list[str]) -> Iterator[Block]:
        tokens = tokenize(tokenizer, [texts])
        rows = TokenizedRows(tokens, np.zeros(len(texts), np.int32), np.arange(len(texts)))
        plan = plan_blocks(cut({"train": np.arange(len(texts))}, defaults.block_rows), tokens, shape)
        for block in plan.blocks:
            yield compute_block(backbone, block, rows, "ragged")

    def encode(texts: list[str], batch: int) -> Vectors:
        """`batch` is not ours to choose: batches are token budgets."""
        return [row for block in blocks(texts) for row in split_rows(block)]

    return encode


def split_rows(block: Block) -> list[np.ndarray]:
    return np.split(block.hidden, np.cumsum(block.lengths)[:-1])


if __name__ == "__main__":
    main(load)
