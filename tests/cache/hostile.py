"""Caches as a stranger might prepare them: what each does to a sound cache's folder.

Each takes the folder, and a folder outside that holds a file `precious` and a folder `theirs`.
"""

import contextlib
import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from headstart.cache.seal import CHECKSUM, seal

Hostile = Callable[[Path, Path], object]
TRAIN = "train/00001"


def change(name: str, **fields: Any) -> Hostile:
    """Change fields of a JSON file, and seal it again if it was sealed."""

    def edit(cache: Path, outside: Path) -> None:
        content = json.loads((cache / name).read_text())
        sealed = content.pop(CHECKSUM, None) is not None
        content |= fields
        (cache / name).write_text(json.dumps(seal(content) if sealed else content))

    return edit


def change_block(**fields: Any) -> Hostile:
    """Change fields of the manifest's last block of train, and seal the manifest again."""

    def edit(cache: Path, outside: Path) -> None:
        splits = json.loads((cache / "manifest.json").read_text())["splits"]
        splits["train"][1] |= fields
        change("manifest.json", splits=splits)(cache, outside)

    return edit


def text(name: str, content: str) -> Hostile:
    return lambda cache, outside: (cache / name).write_text(content, "utf-8", "surrogateescape")


def link(name: str, target: str) -> Hostile:
    """A link in the place of a file or folder, or in a place where none was."""

    def plant(cache: Path, outside: Path) -> None:
        path = cache / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        path.symlink_to(outside / target)

    return plant


def pipe(name: str) -> Hostile:
    def plant(cache: Path, outside: Path) -> None:
        (cache / name).unlink(missing_ok=True)
        os.mkfifo(cache / name)

    return plant


def unix_socket(cache: Path, outside: Path) -> None:
    with socket.socket(socket.AF_UNIX) as opened, contextlib.chdir(cache):  # the path of a socket is short
        opened.bind("lock.json")


def hard_link(cache: Path, outside: Path) -> None:
    os.link(outside / "precious", cache / "lock.json")


def sparse(cache: Path, outside: Path) -> None:
    """A file that claims a terabyte, for a block that claims as much."""
    change_block(tokens=2**31 - 1)(cache, outside)
    os.truncate(cache / TRAIN / "hidden/c/0/0", 2**40)


def deep(cache: Path, outside: Path) -> None:
    place = cache / "train" / "a"
    for _ in range(400):
        place.mkdir()
        place /= "a"


def zarr(**fields: Any) -> Hostile:
    return change(f"{TRAIN}/hidden/zarr.json", **fields)


def bomb(cache: Path, outside: Path) -> None:
    """Metadata that ask for zstd, and chunks that are not what they say."""
    zarr(codecs=[{"name": "bytes"}, {"name": "zstd", "configuration": {"level": 1}}])(cache, outside)
    (cache / TRAIN / "hidden/c/0/0").write_bytes(b"\x28\xb5\x2f\xfd" + b"\0" * 200)


def labels(values: list[int]) -> Hostile:
    """Labels with right checksums and digests that the task does not know."""

    def write(cache: Path, outside: Path) -> None:
        from headstart.cache.block import digest
        from headstart.cache.storage.arrays import write_array
        from headstart.cache.storage.store import Store

        array = np.array(values, np.int32)
        shutil.rmtree(cache / TRAIN / "labels")
        write_array(Store(str(cache)), f"{TRAIN}/labels", array)
        splits = json.loads((cache / "manifest.json").read_text())["splits"]
        digests = splits["train"][1]["sha256"] | {"labels": digest(array)}
        change_block(sha256=digests)(cache, outside)

    return write


LIST: list[Any] = []
for _ in range(800):  # fewer than the parser minds, more than a traceback of repr does
    LIST = [LIST]
NESTED = "[" * 100_000 + "]" * 100_000
SOURCE = {"data": "x.csv", "command": "python -m extract --data 'it"}

CLOSED: dict[str, Hostile] = {
    "manifest of lists": text("manifest.json", "[]"),
    "nested manifest": text("manifest.json", NESTED),
    "nested recipe": text("recipe.json", NESTED),
    "nested task": change("recipe.json", task=NESTED),
    "nested dropout": change("recipe.json", dropout=NESTED),
    "format that nests": change("recipe.json", format=LIST),
    "manifest's format that nests": change("manifest.json", format=LIST),
    "source that nests": change("manifest.json", source={"data": [LIST]}),
    "recipe of numbers": change("recipe.json", task=1, layout=[]),
    "negative max_length": change("recipe.json", max_length=-1),
    "max_length of 400 digits": change("recipe.json", max_length=10**400),
    "width of 1e9": change("manifest.json", width=10**9),
    "width that is a word": change("manifest.json", width="wide"),
    "splits that are a list": change("manifest.json", splits=[]),
    "split outside": change("manifest.json", splits={"../outside/theirs": []}),
    "rows below 0": change_block(rows=-1),
    "rows of 1e18": change_block(rows=10**18, tokens=10**18),
    "name that leads out": change_block(name="../../../outside/theirs"),
    "digests that are numbers": change_block(sha256={"rows": int("1" * 64)}),
    "facts that nest": change("manifest.json", device={"kind": {"a": {"b": []}}}),
    "seconds that are text": change("manifest.json", seconds={"total": "long"}),
    "many values": text("manifest.json", "[" + "[]," * 10**6 + "[]]"),
    "manifest link": link("manifest.json", "precious"),
    "recipe link": link("recipe.json", "precious"),
    "manifest pipe": pipe("manifest.json"),
}
"""Caches that cannot be opened."""

OPEN: dict[str, Hostile] = {
    "lock guard link": link("lock.json.__lock", "precious"),
    "recipe guard link": link("recipe.json.__lock", "precious"),
    "dangling guard": link("lock.json.__lock", "nowhere"),
    "guard pipe": pipe("lock.json.__lock"),
    "lock pipe": pipe("lock.json"),
    "lock link": link("lock.json", "precious"),
    "lock socket": unix_socket,
    "lock hard link": hard_link,
    "lock of a dead process": text("lock.json", '{"pid": 0, "host": "\\u001b[31m", "heartbeat": -1}'),
    "lock that nests": text("lock.json", json.dumps({"pid": LIST, "host": "x" * 10**5})),
    "record that nests": change(f"{TRAIN}/block.json", split=LIST, key=LIST),
    "split link": link("train", "theirs"),
    "block link": link(TRAIN, "theirs"),
    "array link": link(f"{TRAIN}/hidden", "theirs"),
    "chunks link": link(f"{TRAIN}/rows/c", "theirs"),
    "chunk link": link(f"{TRAIN}/rows/c/0", "precious"),
    "chunk pipe": pipe(f"{TRAIN}/rows/c/0"),
    "zarr link": link(f"{TRAIN}/labels/zarr.json", "precious"),
    "record link": link(f"{TRAIN}/block.json", "precious"),
    "zarr of 1e18": zarr(shape=[10**18, 7]),
    "zarr of numbers": zarr(codecs=7, shape="x"),
    "zarr that nests": text(f"{TRAIN}/hidden/zarr.json", NESTED),
    "bomb": bomb,
    "sparse": sparse,
    "text of 1e12 bytes": change_block(text_bytes=10**12),
    "labels below 0": labels([-1, 0, 1]),
    "labels of 2^31": labels([2**31 - 1, 0, 1]),
    "quote without an end": change("manifest.json", source=SOURCE),
    "source of escapes": change("manifest.json", source={"\u001b[2J": ["\u202e", 1], "command": 7}),
    "notes": text("notes.txt", "mine"),
    "notes in a split": text("train/notes.txt", "mine"),
    "notes in an array": text(f"{TRAIN}/rows/notes.txt", "mine"),
    "notes with a bad name": text("train/caf\udce9\n\u001b.txt", "mine"),
    "folder of notes": lambda cache, outside: (cache / "train/mynotes").mkdir(),
    "deep": deep,
}
"""Caches that can be opened."""
