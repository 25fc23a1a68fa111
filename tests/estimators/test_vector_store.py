"""Each text is encoded once; files of other processes are found, damaged ones passed over."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

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


@pytest.mark.parametrize(
    "harm", [cut, flip, other_width, other_lengths, pickled, lambda path: path.write_bytes(b"")]
)
def test_what_is_damaged_or_not_ours_is_encoded_again(tmp_path: Path, harm: object) -> None:
    VectorStore(encode, 4, str(tmp_path)).vectors(["aa", "b"])
    (path,) = tmp_path.iterdir()
    harm(path)  # type: ignore[operator]
    again = VectorStore(encode, 4, str(tmp_path))
    assert again.vectors(["aa", "b"])[:, 0, 0].tolist() == [2, 1]
    assert again.encoded == 2
    assert VectorStore(encode, 4, str(tmp_path)).vectors(["b"])[0, 0, 0] == 1
