"""Each text is encoded once; files of other processes are found, damaged ones passed over."""

import os
import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from headstart.cache.runtime.errors import UserError
from headstart.estimators.vector_store import VectorStore


def encode(texts: Sequence[str]) -> np.ndarray:
    """A vector that tells its text."""
    encode.calls.extend(texts)  # type: ignore[attr-defined]
    return np.array([np.full((3, 4), len(text)) for text in texts], np.float16)


@pytest.fixture(autouse=True)
def fresh() -> None:
    encode.calls = []  # type: ignore[attr-defined]


def calls() -> list[str]:
    return encode.calls  # type: ignore[attr-defined, no-any-return]


def test_a_text_is_encoded_once_in_order() -> None:
    store = VectorStore(encode, 4)
    assert store.vectors(["aa", "b", "aa", ""])[:, 0, 0].tolist() == [2, 1, 2, 0]
    assert store.vectors(["b", "cccc", "\ud800"])[:, 0, 0].tolist() == [1, 4, 1]
    assert calls() == ["aa", "b", "", "cccc", "\ud800"]
    assert store.encoded == 5
    assert store.vectors([]).shape == (0, 3, 4)


def test_many_texts_go_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headstart.estimators.vector_store.CHUNK", 3)
    texts = ["x" * number for number in range(8)]
    store = VectorStore(encode, 4, str(tmp_path / "v"))
    assert store.vectors(texts)[:, 2, 1].tolist() == list(range(8))
    assert len(os.listdir(tmp_path / "v")) == 3


def test_another_process_finds_them(tmp_path: Path) -> None:
    VectorStore(encode, 4, str(tmp_path)).vectors(["aa", "b"])
    VectorStore(encode, 4, str(tmp_path)).vectors(["b", "ccc"])
    assert calls() == ["aa", "b", "ccc"]
    again = VectorStore(encode, 4, str(tmp_path))
    assert again.vectors(["ccc", "aa", "b"])[:, 0, 0].tolist() == [3, 2, 1]
    assert again.encoded == 0


def test_texts_may_have_vectors_of_their_own_number(tmp_path: Path) -> None:
    def tokens(texts: Sequence[str]) -> list[np.ndarray]:
        return [np.full((len(text), 4), ord(text[0]), np.float16) for text in texts]

    texts = ["aaa", "b", "cc"]
    VectorStore(tokens, 4, str(tmp_path)).rows(texts)
    again = VectorStore(tokens, 4, str(tmp_path))
    for text, row in zip(texts, again.rows(texts), strict=True):
        np.testing.assert_array_equal(row, tokens([text])[0])
    assert again.encoded == 0


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def flip(path: Path) -> None:
    values = bytearray(path.read_bytes())
    values[200] ^= 1
    path.write_bytes(values)


def other_width(path: Path) -> None:
    np.savez(
        path, digests=np.zeros((1, 32), np.uint8), vectors=np.zeros((3, 5), np.float16), lengths=np.array([3])
    )


def pickled(path: Path) -> None:
    np.savez(
        path, digests=np.array([{}], object), vectors=np.zeros((3, 4), np.float16), lengths=np.array([3])
    )


def other_lengths(path: Path) -> None:
    digests, values = np.zeros((2, 32), np.uint8), np.zeros((6, 4), np.float16)
    np.savez(path, digests=digests, vectors=values, lengths=np.array([7, -1]))


def write(path: Path, method: int = zipfile.ZIP_STORED, **arrays: np.ndarray) -> None:
    """A file as `numpy.savez` writes it, some of whose arrays, or whose compression, are others."""
    sound = dict(np.load(path).items()) | arrays
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, values in sound.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, values)


def patched(path: Path, at: int, value: int) -> None:
    """Change a byte of what describes each member, where it is before its content and in the directory."""
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        for found in re.finditer(re.escape(mark), bytes(content)):
            content[found.start() + offset + at] = value
    path.write_bytes(content)


def of_shape(shape: str) -> Callable[[Path], None]:
    """A file whose arrays say that they have some shape, and hold nothing."""

    def harm(path: Path) -> None:
        header = f"{{'descr': '<f2', 'fortran_order': False, 'shape': {shape}, }}".encode()
        with zipfile.ZipFile(path, "w") as archive:
            for name in ("digests", "vectors", "lengths"):
                start = b"\x93NUMPY\x02\x00" + len(header).to_bytes(4, "little")
                archive.writestr(f"{name}.npy", start + header)

    return harm


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


HARMS = {
    "cut": cut,
    "flipped": flip,
    "other width": other_width,
    "other lengths": other_lengths,
    "pickled": pickled,
    "empty": lambda path: path.write_bytes(b""),
    "a pipe": pipe,
    "a device": device,
    "one array": lambda path: path.write_bytes(b"\x93NUMPY\x01\x00v\x00{'descr': '<f2', 'shape': (1,)}"),
    "a bomb": lambda path: write(path, zipfile.ZIP_DEFLATED, vectors=np.zeros((10**6, 4), np.float16)),
    "encrypted": lambda path: patched(path, 0, 1),
    "of an unknown compression": lambda path: patched(path, 2, 99),
    "terabytes": of_shape("(1000000000000,)"),
    "of a shape beyond any": of_shape("(3, 1" + "0" * 300 + ")"),
    "nested": of_shape("(" * 500 + ")" * 500),
    "scalars": lambda path: write(path, digests=np.array(1, np.uint8), lengths=np.array(1)),
    "lengths that overflow": lambda path: write(path, lengths=np.array([2**63 - 1, 7])),
    "NaN": lambda path: write(path, vectors=np.full((6, 4), np.nan, np.float16)),
    "infinity": lambda path: write(path, vectors=np.full((6, 4), np.inf, np.float16)),
    "other counts": lambda path: write(path, lengths=np.array([1, 5])),
}


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
def test_what_is_damaged_or_not_ours_is_encoded_again(tmp_path: Path, harm: object) -> None:
    VectorStore(encode, 4, str(tmp_path)).vectors(["aa", "b"])
    (path,) = tmp_path.iterdir()
    harm(path)  # type: ignore[operator]
    again = VectorStore(encode, 4, str(tmp_path), range(3, 4))
    assert again.vectors(["aa", "b"])[:, 0, 0].tolist() == [2, 1]
    assert again.encoded == 2
    assert VectorStore(encode, 4, str(tmp_path), range(3, 4)).vectors(["b"])[0, 0, 0] == 1


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "vectors").symlink_to("elsewhere")
    with pytest.raises(UserError, match="is a link"):
        VectorStore(encode, 4, str(tmp_path / "vectors"))
    assert not calls()
