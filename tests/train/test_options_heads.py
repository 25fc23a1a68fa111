import dataclasses

import numpy as np
import pytest

from headstart.cache import UserError, open_cache
from headstart.cache.block import Block
from headstart.cache.texts import pack
from headstart.heads import HEADS
from headstart.train.options import choose_heads, trainable

from .conftest import RECIPE, make_split, write_cache

POOLING = [name for name, head in HEADS.items() if not head.reads_tokens]


def test_heads_come_in_the_registry_s_order():
    assert choose_heads("lstm, cls", tuple(HEADS)) == ["cls", "lstm"]
    assert choose_heads("all", tuple(HEADS)) == list(HEADS)


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ("xyz", "there is no head 'xyz'; known heads: cls, max"),
        ("avgg", r"there is no head 'avgg'; did you mean 'avg'\? known heads: cls, max"),
        (" , ", "--heads names no head; known heads: cls, max"),
    ],
)
def test_names_of_no_head(names, says):
    with pytest.raises(UserError, match=says):
        choose_heads(names, tuple(HEADS))


def test_a_cache_with_tokens_trains_every_head(written_cache):
    cache = open_cache(str(written_cache))
    assert trainable(list(HEADS), "all", cache, POOLING) == (list(HEADS), None)


def test_pooled_vectors_are_no_tokens_to_read(tmp_path):
    split = make_split(6)
    block = Block(None, split.lengths, split.labels, np.arange(6), split.pooled, pack(split.texts))
    recipe = dataclasses.replace(RECIPE, layout="pooled")
    splits = {name: [block] for name in ("train", "valid", "test")}
    cache = open_cache(str(write_cache(tmp_path / "made", recipe, splits)))
    names, line = trainable(list(HEADS), "all", cache, POOLING)
    assert names == POOLING
    assert "made holds pooled vectors only and cannot train gru, gru_pooled" in line
    with pytest.raises(UserError, match="from this cache: `--heads cls,max,avg,maxavg`"):
        trainable(["cls", "gru"], "cls,gru", cache, POOLING)
