"""Folders of sentence-transformers: the encoder is their first module."""

import json
import shutil
from pathlib import Path

import pytest

from headstart.cache import UserError
from headstart.extract.checkpoint.checkpoint import find_checkpoint
from headstart.extract.checkpoint.sentence_transformers import encoder_folder
from headstart.extract.text.tokenizer_files import length_limit

POOLING = {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}


def save_model(folder: Path, encoder: Path, path: str) -> Path:
    """A sentence-transformers model whose encoder lies at a path within it."""
    shutil.copytree(encoder, folder / path)
    module = {"idx": 0, "name": "0", "path": path, "type": "sentence_transformers.models.Transformer"}
    (folder / "modules.json").write_text(json.dumps([module, POOLING]))
    (folder / path / "sentence_bert_config.json").write_text('{"max_seq_length": 16, "do_lower_case": false}')
    return folder


@pytest.mark.parametrize("path", ["0_Transformer", "", "0_DistilBERT", "a/b"])
def test_the_encoder_is_where_modules_json_says(tmp_path: Path, tiny_backbone: Path, path: str) -> None:
    folder = save_model(tmp_path / "sentences", tiny_backbone, path)
    ours, plain = find_checkpoint(str(folder)), find_checkpoint(str(tiny_backbone))
    assert ours.name == "sentences"
    assert (ours.weights_sha256, ours.tokenizer_sha256) == (plain.weights_sha256, plain.tokenizer_sha256)
    limit = length_limit(ours.folder)
    assert limit
    assert limit.tokens == 16


def test_a_folder_without_modules_is_the_encoder_s(tiny_backbone: Path) -> None:
    assert encoder_folder(str(tiny_backbone)) == str(tiny_backbone)


@pytest.mark.parametrize(
    ("modules", "says"),
    [
        ("{", "is no list of modules"),
        ("[" * 100_000, "is no list of modules"),
        ("[]", "is no list of modules"),
        ("{}", "is no list of modules"),
        ('[{"name": "0"}]', "is no list of modules"),
        ('[{"path": 5}]', "is no list of modules"),
        ('[{"path": ".."}]', "is not in this folder"),
        ('[{"path": "../elsewhere"}]', "is not in this folder"),
        ('[{"path": "a/../../elsewhere"}]', "is not in this folder"),
        ('[{"path": "/tmp"}]', "is not in this folder"),
        ('[{"path": "0_Transformer"}]', "which is missing"),
    ],
)
def test_damaged_modules(tmp_path: Path, modules: str, says: str) -> None:
    (tmp_path / "modules.json").write_text(modules)
    with pytest.raises(UserError, match=says):
        encoder_folder(str(tmp_path))


def test_a_first_module_that_is_no_encoder(tmp_path: Path) -> None:
    (tmp_path / "0_WordEmbeddings").mkdir()
    (tmp_path / "modules.json").write_text('[{"path": "0_WordEmbeddings"}]')
    with pytest.raises(UserError, match=r"0_WordEmbeddings holds no model.safetensors"):
        find_checkpoint(str(tmp_path))
