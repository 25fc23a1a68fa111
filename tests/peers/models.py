"""The two models of the comparison, each as a folder that every system reads."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from headstart.extract.checkpoint.architecture import Architecture
from headstart.extract.checkpoint.checkpoint import find_checkpoint

DISTILBERT = Architecture(
    vocab_size=30522,
    dim=768,
    n_layers=6,
    n_heads=12,
    hidden_dim=3072,
    max_position_embeddings=512,
    activation="gelu",
)


def copy_minilm(folder: Path) -> Path:
    """Copy the bundled MiniLM, so that exported files can lie beside it."""
    return Path(shutil.copytree(find_checkpoint("minilm").folder, folder / "minilm"))


def make_distilbert(folder: Path) -> Path:
    """Write a model of DistilBERT's size with random weights and MiniLM's tokenizer, which has as many words."""
    made = folder / "distilbert-size"
    made.mkdir()
    bundled = Path(find_checkpoint("minilm").folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        shutil.copy(bundled / name, made)
    config = {"model_type": "distilbert", "architectures": ["DistilBertModel"], "pad_token_id": 0}
    (made / "config.json").write_text(json.dumps(config | vars(DISTILBERT)))
    weights = dict(random_weights(DISTILBERT, np.random.default_rng(0)))
    save_file(weights, made / "model.safetensors", metadata={"format": "pt"})
    return made


def random_weights(shape: Architecture, random: np.random.Generator) -> Iterator[tuple[str, np.ndarray]]:
    """Weights that keep variances near 1 everywhere: attention is neither flat nor one-hot, rounding shows."""

    def normal(*size: int, scale: float = 1.0, mean: float = 0.0) -> np.ndarray:
        return (mean + scale * random.standard_normal(size)).astype(np.float32)

    def norm(name: str) -> Iterator[tuple[str, np.ndarray]]:
        yield f"{name}.weight", normal(shape.dim, scale=0.1, mean=1.0)
        yield f"{name}.bias", normal(shape.dim, scale=0.1)

    def linear(name: str, inputs: int, outputs: int) -> Iterator[tuple[str, np.ndarray]]:
        yield f"{name}.weight", normal(outputs, inputs, scale=inputs**-0.5)
        yield f"{name}.bias", normal(outputs, scale=0.1)

    yield "embeddings.word_embeddings.weight", normal(shape.vocab_size, shape.dim)
    yield "embeddings.position_embeddings.weight", normal(shape.max_position_embeddings, shape.dim)
    yield from norm("embeddings.LayerNorm")
    for layer in (f"transformer.layer.{number}" for number in range(shape.n_layers)):
        for part in ("q_lin", "k_lin", "v_lin", "out_lin"):
            yield from linear(f"{layer}.attention.{part}", shape.dim, shape.dim)
        yield from norm(f"{layer}.sa_layer_norm")
        yield from linear(f"{layer}.ffn.lin1", shape.dim, shape.hidden_dim)
        yield from linear(f"{layer}.ffn.lin2", shape.hidden_dim, shape.dim)
        yield from norm(f"{layer}.output_layer_norm")
