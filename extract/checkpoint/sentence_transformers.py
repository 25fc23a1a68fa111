"""Folders as sentence-transformers saves them: a list of modules, of which the first is the encoder."""

import json
import os

from headstart.cache.runtime.errors import UserError
from headstart.extract.text.tokenizer_files import SENTENCE_FILES

MODULES = "modules.json"
SUBFOLDER = "0_Transformer"
"""Folder of the encoder in older models of the hub; in newer ones it lies at the root."""
MODULE_FILES = (MODULES, *SENTENCE_FILES)


def encoder_folder(folder: str) -> str:
    """The folder of the encoder's files: what modules.json says, or the folder itself.

    Raises:
        UserError: modules.json is damaged, or names no folder within this one.
    """
    path = os.path.join(folder, MODULES)
    if not os.path.isfile(path):
        return folder
    encoder = _first_module(path)
    inside = os.path.normpath(encoder or ".")
    if os.path.isabs(inside) or inside.split(os.sep)[0] == os.pardir:
        raise UserError(f"{path} names the module {encoder[:100]!r}, which is not in this folder")
    if not os.path.isdir(chosen := os.path.join(folder, inside)):
        raise UserError(
            f"{path} names the module {encoder[:100]!r}, which is missing: download the model again"
        )
    return folder if inside == "." else chosen


def _first_module(path: str) -> str:
    """Path of the first module, as the file says it."""
    try:
        with open(path, encoding="utf-8") as file:
            module = json.load(file)[0]
        encoder = module["path"]
    except (ValueError, RecursionError, LookupError, TypeError):
        encoder = None
    if not isinstance(encoder, str):
        raise UserError(f"{path} is no list of modules, each with its path")
    return encoder
