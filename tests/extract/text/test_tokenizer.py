from pathlib import Path

import numpy as np
import pytest

from headstart.extract.text import spool
from headstart.extract.text.pretrained import load_tokenizer
from headstart.extract.text.tokenizer import tokenize

from ..conftest import VOCABULARY


def ids(*words: str) -> list[int]:
    return [VOCABULARY.index(word) for word in words]


def test_rows_stand_one_after_another_without_padding(tiny_backbone: Path) -> None:
    tokens = tokenize(load_tokenizer(str(tiny_backbone), 10), [["you are kind", ""], ["idiots !"]])
    assert tokens.lengths.tolist() == [5, 2, 5]
    assert tokens.starts.tolist() == [0, 5, 7]
    assert tokens.ids[:5].tolist() == ids("[CLS]", "you", "are", "kind", "[SEP]")
    assert tokens.ids[7:].tolist() == ids("[CLS]", "idiot", "##s", "!", "[SEP]")


def test_truncation_keeps_the_last_token(tiny_backbone: Path) -> None:
    tokens = tokenize(load_tokenizer(str(tiny_backbone), 4), [["you are very very kind"]])
    assert tokens.ids.tolist() == ids("[CLS]", "you", "are", "[SEP]")


def test_a_bare_vocabulary_is_enough(tmp_path: Path, tiny_backbone: Path) -> None:
    (tmp_path / "vocab.txt").write_text("\n".join(VOCABULARY))
    (tmp_path / "config.json").write_text('{"model_type": "distilbert"}')
    texts = ["You are KIND", "idiots !"]
    bare = tokenize(load_tokenizer(str(tmp_path), 10), [texts])
    assert bare.ids.tolist() == tokenize(load_tokenizer(str(tiny_backbone), 10), [texts]).ids.tolist()


def test_tokens_on_disk_are_those_in_memory(tiny_backbone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = load_tokenizer(str(tiny_backbone), 10)
    chunks = [["you are kind", ""], [], ["idiots !"]]
    inside = tokenize(tokenizer, chunks)
    monkeypatch.setattr(spool, "IN_MEMORY", 1)
    on_disk = tokenize(tokenizer, chunks)
    for name, values in vars(inside).items():
        np.testing.assert_array_equal(values, vars(on_disk)[name])
    assert isinstance(on_disk.ids.base, np.memmap)
