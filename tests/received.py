"""Exported folders as a stranger might send them: what each does to a sound one, and the file that is named then."""

import contextlib
import hashlib
import io
import json
import os
import runpy
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from safetensors.numpy import load_file, save_file

Forgery = Callable[[Path], object]
NESTED = "[" * 100_000 + "]" * 100_000
TERABYTE = 2**40


def run(folder: Path, texts: Sequence[str] = ("you are kind",)) -> tuple[int, str]:
    """`python load.py TEXT` in this process: its exit code, and what it says on standard error."""
    errors, path = io.StringIO(), [*sys.path]
    quiet = contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors)
    with quiet[0], quiet[1], mock.patch("sys.argv", ["load.py", *texts]):
        try:
            runpy.run_path(str(folder / "load.py"), run_name="__main__")
        except SystemExit as end:
            return int(end.code or 0), errors.getvalue()
        finally:
            sys.path[:] = path
            for name in ("head", "folder", "flax_distilbert"):
                sys.modules.pop(name, None)
    return 0, errors.getvalue()


def bytes_of(name: str, change: Callable[[bytes], bytes], proven: bool = False) -> Forgery:
    """Change a file; proven, head.json says so."""

    def edit(folder: Path) -> None:
        (folder / name).write_bytes(change((folder / name).read_bytes()))
        if proven:
            vouch(folder, name)

    return edit


def vouch(folder: Path, name: str) -> None:
    """Let head.json name the SHA-256 that a file has now."""
    about = json.loads((folder / "head.json").read_text())
    about["sha256"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / "head.json").write_text(json.dumps(about))


def forget(folder: Path) -> None:
    """head.json no longer names the SHA-256 of the tokenizer."""
    about = json.loads((folder / "head.json").read_text())
    del about["sha256"][T]
    (folder / "head.json").write_text(json.dumps(about))


def fields(name: str, **changed: Any) -> Forgery:
    """Change fields of a JSON file, of which head.json then knows; None takes a field away."""

    def edit(folder: Path) -> None:
        content = {**json.loads((folder / name).read_text()), **changed}
        kept = {key: value for key, value in content.items() if value is not None}
        (folder / name).write_text(json.dumps(kept))
        if name != "head.json":
            vouch(folder, name)

    return edit


def text(name: str, content: str) -> Forgery:
    return bytes_of(name, lambda _: content.encode(), proven=name != "head.json")


def arrays(name: str, change: Callable[[dict[str, np.ndarray]], dict[str, Any]]) -> Forgery:
    """Change arrays of a file, of which head.json then knows."""

    def edit(folder: Path) -> None:
        stored = {key: array.copy() for key, array in load_file(folder / name).items()}
        save_file(change(stored), folder / name)
        vouch(folder, name)

    return edit


def instead(name: str, make: Callable[[Path], object]) -> Forgery:
    """Something else in a file's place."""

    def edit(folder: Path) -> None:
        (folder / name).unlink()
        make(folder / name)

    return edit


def one_is(value: float) -> Callable[[dict[str, np.ndarray]], dict[str, Any]]:
    """One number of the first array is another."""

    def change(stored: dict[str, np.ndarray]) -> dict[str, Any]:
        stored[min(stored)].flat[0] = value
        return stored

    return change


def vocabulary(number: int) -> Callable[[bytes], bytes]:
    """One word of a tokenizer has another number."""

    def change(content: bytes) -> bytes:
        fields = json.loads(content)
        fields["model"]["vocab"]["soup"] = number
        return json.dumps(fields).encode()

    return change


B, H, T = "backbone.safetensors", "head.safetensors", "tokenizer.json"
DAMAGED: dict[str, tuple[str, Forgery]] = {
    "flipped": (B, bytes_of(B, lambda content: content[:-1] + bytes([content[-1] ^ 1]))),
    "truncated": (B, bytes_of(B, lambda content: content[:-9])),
    "empty": (H, bytes_of(H, lambda content: b"")),
    "enlarged": (H, bytes_of(H, lambda content: content + b"\0" * 1000)),
    "another's": (T, bytes_of(T, lambda content: b"{}")),
    "gone": (H, instead(H, lambda path: None)),
    "gone, and named": ("head.json", instead("head.json", lambda path: None)),
    "without a digest": (T, forget),
    "a folder": (B, instead(B, lambda path: path.mkdir())),
    "a pipe": (T, instead(T, os.mkfifo)),
    "a link to a device": (H, instead(H, lambda path: path.symlink_to("/dev/zero"))),
    "a link to itself": (H, instead(H, lambda path: path.symlink_to(path))),
    "a link elsewhere": (T, instead(T, lambda path: path.symlink_to("/etc/passwd"))),
    "a hole": (B, lambda folder: os.truncate(folder / B, TERABYTE)),
    "a hole of JSON": ("head.json", lambda folder: os.truncate(folder / "head.json", TERABYTE)),
    "a large JSON": ("head.json", bytes_of("head.json", lambda content: content + b" " * 2**26)),
}
"""Damage, whose SHA-256 are not right."""

FORGED: dict[str, tuple[str, Forgery]] = {
    "no JSON": ("head.json", text("head.json", "{")),
    "nested": ("head.json", text("head.json", NESTED)),
    "a list": ("head.json", text("head.json", "[]")),
    "digits": ("head.json", text("head.json", '{"outputs":' + "1" * 5000 + "}")),
    "without classes": ("head.json", fields("head.json", classes=None)),
    "classes that are text": ("head.json", fields("head.json", classes="ab")),
    "more outputs": ("head.json", fields("head.json", outputs=10**9)),
    "fewer classes": ("head.json", fields("head.json", classes=[])),
    "a length of 1e9": ("head.json", fields("head.json", max_length=10**9)),
    "a length of -1": ("head.json", fields("head.json", max_length=-1)),
    "a length of true": ("head.json", fields("head.json", max_length=True)),
    "a dtype": ("head.json", fields("head.json", storage_dtype="float7")),
    "digests": ("head.json", fields("head.json", sha256=[])),
    "a reading": ("head.json", fields("head.json", read=["\x1b[2J\nerror: x"])),
    "many readings": ("head.json", fields("head.json", read=["mean"] * 1000)),
    "a layer of 1e9": ("head.json", fields("head.json", layers=[10**9])),
    "a layer of -1": ("head.json", fields("head.json", layers=[-1])),
    "many layers": ("head.json", fields("head.json", layers=[0] * 10**6)),
    "layers that are text": ("head.json", fields("head.json", layers="all")),
    "a cleaning": ("head.json", fields("head.json", cleaning={"no_such": True})),
    "a cleaning that is a number": ("head.json", fields("head.json", cleaning=5)),
    "no release that cleaned": ("head.json", fields("head.json", cleaning_versions=None)),
    "units of 1e12": ("head.json", fields("head.json", read=None, cell="gru", units=10**12, pooled=False)),
    "n_layers of 1e7": ("config.json", fields("config.json", n_layers=10**7)),
    "n_layers of text": ("config.json", fields("config.json", n_layers="2")),
    "a dim of 1e9": ("config.json", fields("config.json", dim=10**9)),
    "a dim of -1": ("config.json", fields("config.json", dim=-1)),
    "a vocabulary of 1e12": ("config.json", fields("config.json", vocab_size=10**12)),
    "n_heads": ("config.json", fields("config.json", n_heads=3)),
    "an activation": ("config.json", fields("config.json", activation="\u202e")),
    "a nested config": ("config.json", text("config.json", NESTED)),
    "a config that is a list": ("config.json", text("config.json", "[]")),
    "NaN": (B, arrays(B, one_is(np.nan))),
    "infinity": (H, arrays(H, one_is(np.inf))),
    "an array more": ("config.json", arrays(B, lambda stored: {**stored, "x": np.zeros(1)})),
    "an array less": ("config.json", arrays(B, lambda stored: dict(sorted(stored.items())[1:]))),
    "no weights": ("config.json", arrays(B, lambda stored: {})),
    "names in names": (H, arrays(H, lambda stored: {"a": np.zeros(1), "a.b": np.zeros(1)})),
    "another kernel": ("head.json", arrays(H, lambda stored: {**stored, "dense.kernel": np.zeros((3, 1))})),
    "no bias": ("head.json", arrays(H, lambda stored: {"dense.kernel": stored["dense.kernel"]})),
    "a header of 1e18": (B, bytes_of(B, lambda content: b"\xff" * 7 + b"\x0f" + content[8:], proven=True)),
    "a short file": (B, bytes_of(B, lambda content: content[:100], proven=True)),
    "a tokenizer that is none": (T, text(T, "{}")),
    "a tokenizer cut short": (T, bytes_of(T, lambda content: content[:200], proven=True)),
    "a nested tokenizer": (T, text(T, NESTED)),
    "a word beyond": (T, bytes_of(T, vocabulary(10**6), proven=True)),
    "a word of 2^32": (T, bytes_of(T, vocabulary(2**32), proven=True)),
}
"""What export has not written, though the SHA-256 are right."""
