"""Folders as people have them: our tokens and hidden states beside AutoTokenizer's and PyTorch's, row by row.

`make peers` runs this on the folders in ../shared/cases/backbones, where they are, and on some of its own.
"""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file, save_file

from headstart.cache import open_cache
from headstart.cache.ragged import split_rows
from headstart.cache.runtime.progress import Reporter
from headstart.extract.pipeline.run import extract
from headstart.extract.settings import Settings

pytestmark = pytest.mark.peer

CASES = Path(__file__).parents[3] / "shared" / "cases" / "backbones"
FOLDERS = sorted(path.name for path in CASES.glob("*/")) or [
    pytest.param("", marks=pytest.mark.skip("no shared/"))
]
LENGTH = 12
CLOSE = 1e-4


def pytorch_model(folder: Path) -> Any:
    """The folder's encoder with the weights that stand in its files, whatever stands before their names."""
    import torch
    from transformers import AutoConfig, AutoModel

    config = AutoConfig.from_pretrained(folder)
    model = AutoModel.from_config(config, attn_implementation="eager").eval()
    tensors = {
        name: tensor for path in folder.glob("*.safetensors") for name, tensor in load_file(path).items()
    }
    plain = re.compile(
        r"^.*?(?=(embeddings\.(word|position|token_type|LayerNorm)|encoder\.|transformer\.|pooler\.))"
    )
    state = {plain.sub("", name): torch.tensor(np.float32(tensor)) for name, tensor in tensors.items()}
    absent, _ = model.load_state_dict(state, strict=False)
    assert not [name for name in absent if "pooler" not in name]
    return model


def hidden_by_pytorch(folder: Path, texts: list[str], padded: bool) -> list[np.ndarray]:
    """Hidden states of each text, one at a time; with padding to `LENGTH` if it is asked for."""
    import torch
    from transformers import AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder, use_fast=True), pytorch_model(folder)
    padding = "max_length" if padded else False
    rows = []
    for text in texts:
        inputs = tokenizer(text, truncation=True, max_length=LENGTH, padding=padding, return_tensors="pt")
        if model.config.model_type == "distilbert":
            inputs.pop("token_type_ids", None)
        with torch.no_grad():
            rows.append(model(**inputs).last_hidden_state[0].numpy())
    return rows


def largest_difference(folder: Path, work: Path, layout: str, texts: Path) -> float:
    settings = Settings(
        data=str(texts), backbone=str(folder), clean="none", max_length=LENGTH, dtype="float32", layout=layout,
        compute_dtype="float32", cache_dir=str(work), workers=1,
    )  # fmt: skip
    cache, table = open_cache(extract(settings, Reporter())), pd.read_csv(texts)
    largest, count = 0.0, 0
    for name in ("train", "valid", "test"):
        split = cache.split(name)
        rows = list(split.hidden) if layout == "padded" else split_rows(split.hidden, split.lengths)
        expected = hidden_by_pytorch(folder, [table["text"][row] for row in split.rows], layout == "padded")
        for ours, theirs in zip(rows, expected, strict=True):
            assert ours.shape == theirs.shape
            largest, count = max(largest, float(np.abs(ours - theirs).max())), count + 1
    assert count == len(table)
    return largest


@pytest.mark.parametrize("layout", ["ragged", "padded"])
@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_gives_what_pytorch_gives(name: str, layout: str, tmp_path: Path) -> None:
    difference = largest_difference(CASES / name, tmp_path, layout, CASES / "texts.csv")
    print(f"{name}, {layout}: largest difference {difference:.1e}")
    assert difference < CLOSE


def rewritten(change: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]) -> Callable[[Path], None]:
    def rewrite(folder: Path) -> None:
        save_file(change(load_file(folder / "model.safetensors")), folder / "model.safetensors")

    return rewrite


def in_shards(folder: Path) -> None:
    """Three shards by turns."""
    tensors = load_file(folder / "model.safetensors")
    names = {name: f"part-{place % 3}.safetensors" for place, name in enumerate(sorted(tensors))}
    for shard in set(names.values()):
        save_file({name: tensors[name] for name in tensors if names[name] == shard}, folder / shard)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))
    (folder / "model.safetensors").unlink()


MADE: dict[str, Callable[[Path], None]] = {
    "as it is": lambda folder: None,
    "float16": rewritten(lambda tensors: {name: np.float16(tensor) for name, tensor in tensors.items()}),
    "another prefix": rewritten(lambda tensors: {f"student.net.{name}": t for name, t in tensors.items()}),
    "extra tensors": rewritten(
        lambda tensors: (
            tensors
            | {
                "embeddings.position_ids": np.arange(64)[None],
                "classifier.weight": np.ones((2, 8), np.float32),
            }
        )
    ),
    "shards": in_shards,
}


@pytest.mark.parametrize(
    "kind", ["BertForMaskedLM", "DistilBertForMaskedLM", "DistilBertForSequenceClassification"]
)
@pytest.mark.parametrize("made", MADE)
def test_a_checkpoint_of_pytorch_gives_what_pytorch_gives(kind: str, made: str, tmp_path: Path) -> None:
    import torch
    import transformers

    torch.manual_seed(3)
    sizes = {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 48}
    if kind.startswith("Bert"):
        names = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
        sizes = dict(zip(names, sizes.values(), strict=True))
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "you", "are", "kind", "##s", "soup", "!", "not"]
    model = getattr(transformers, kind)
    config = model.config_class(
        vocab_size=len(words), max_position_embeddings=64, initializer_range=0.4, **sizes
    )
    folder = tmp_path / "backbone"
    model(config).eval().save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(words))
    MADE[made](folder)
    texts = tmp_path / "texts.csv"
    rows = [" ".join(np.random.default_rng(row).choice(words[5:], 2 + row % 15)) for row in range(20)]
    pd.DataFrame({"text": rows, "label": [row % 2 for row in range(20)]}).to_csv(texts, index=False)
    differences = [
        largest_difference(folder, tmp_path / layout, layout, texts) for layout in ("ragged", "padded")
    ]
    print(f"{kind}, {made}: largest differences {differences[0]:.1e}, {differences[1]:.1e}")
    assert max(differences) < CLOSE
    shutil.rmtree(tmp_path, ignore_errors=True)
