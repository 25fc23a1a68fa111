"""A tiny backbone with random weights, and a small data file."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from tokenizers.implementations import BertWordPieceTokenizer

from headstart.cache.runtime.progress import Reporter
from headstart.extract.dataset.dataset import Dataset
from headstart.extract.dataset.read import read_dataset
from headstart.extract.settings import Settings

WORDS = [
    "the",
    "you",
    "are",
    "is",
    "not",
    "very",
    "kind",
    "rude",
    "idiot",
    "editor",
    "page",
    "source",
    "soup",
    "good",
]
PIECES = ["!", "?", "##s", "##ing", *"abcdefghijklmnopqrstuvwxyz"]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *PIECES]
DISTILBERT = {
    "model_type": "distilbert", "vocab_size": len(VOCABULARY), "dim": 16, "n_layers": 2, "n_heads": 2,
    "hidden_dim": 24, "max_position_embeddings": 64, "activation": "gelu",
}  # fmt: skip


def random_weights(config: dict[str, object], seed: int = 0) -> dict[str, np.ndarray]:
    """PyTorch's names and layouts of a DistilBERT; no two parameters are alike."""
    random = np.random.default_rng(seed)
    d, h = config["dim"], config["hidden_dim"]
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (config["vocab_size"], d),
        "embeddings.position_embeddings.weight": (config["max_position_embeddings"], d),
    }
    norms = ["embeddings.LayerNorm"]
    for layer in (f"transformer.layer.{i}" for i in range(config["n_layers"])):
        dense = {f"attention.{part}_lin": (d, d) for part in ("q", "k", "v", "out")}
        for name, shape in (dense | {"ffn.lin1": (h, d), "ffn.lin2": (d, h)}).items():
            shapes |= {f"{layer}.{name}.weight": shape, f"{layer}.{name}.bias": shape[:1]}
        norms += [f"{layer}.sa_layer_norm", f"{layer}.output_layer_norm"]
    weights = {name: 0.3 * random.standard_normal(shape, np.float32) for name, shape in shapes.items()}
    for norm in norms:
        weights[f"{norm}.weight"] = 1 + 0.1 * random.standard_normal(d, np.float32)
        weights[f"{norm}.bias"] = 0.1 * random.standard_normal(d, np.float32)
    return weights


def save_backbone(folder: Path, config: dict[str, object], weights: dict[str, np.ndarray]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    save_file(weights, folder / "model.safetensors")
    vocabulary = {word: i for i, word in enumerate(VOCABULARY)}
    wordpiece = BertWordPieceTokenizer(vocabulary)
    Tokenizer.from_str(wordpiece.to_str()).save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture(scope="session")
def tiny_backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a random DistilBERT: 2 layers, width 16."""
    folder = tmp_path_factory.mktemp("backbones") / "tiny"
    return save_backbone(folder, DISTILBERT, random_weights(DISTILBERT))


@pytest.fixture(scope="session")
def comments_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 labelled comments of unequal lengths; data rows 5 and 20 hold no text."""
    random = np.random.default_rng(3)
    lines = ["comment_text,Toxic"]
    for row in range(60):
        text = " ".join(random.choice(WORDS, random.integers(2, 40)))
        lines.append(f"{'' if row in (4, 19) else text},{row % 2}")
    path = tmp_path_factory.mktemp("data") / "comments.csv"
    path.write_text("\n".join(lines))
    return path


def dataset_of(data: str | Sequence[str], **fields: object) -> Dataset:
    """The rows of files."""
    return read_dataset(Settings(data=data if isinstance(data, str) else tuple(data), **fields))


class Recorder(Reporter):
    """A reporter that keeps what it hears."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.works: dict[str, tuple[int, int, str]] = {}  # how much was done, of how much

    @property
    def total(self) -> int:
        """Tokens for the backbone."""
        return self.works.get("backbone", (0, 0, ""))[1]

    @property
    def done(self) -> int:
        """Tokens that the backbone has read."""
        return self.works.get("backbone", (0, 0, ""))[0]

    def log(self, line: str) -> None:
        self.lines.append(line)

    def start(self, work: str, total: int, unit: str) -> None:
        self._work = work
        self.works[work] = (0, total, unit)

    def advance(self, done: int) -> None:
        before, total, unit = self.works[self._work]
        self.works[self._work] = (before + done, total, unit)


@pytest.fixture(scope="session")
def settings(tiny_backbone: Path, comments_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = str(tmp_path_factory.mktemp("features"))
    return Settings(
        data=str(comments_csv), backbone=str(tiny_backbone), max_length=32, cache_dir=folder,
        block_rows=16, batch_tokens=96, dtype="float32", workers=1, compute_dtype="float32",
    )  # fmt: skip
