import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest

from headstart.cache import UserError, open_cache
from headstart.cache.block import Block
from headstart.cache.recipe import canonical_json
from headstart.cache.texts import pack
from headstart.heads.registry import GROUPS, HEADS, MORE_HEADS
from headstart.heads.spec import POOLING, spec_of
from headstart.train.head_names import (
    choose_heads,
    choose_pooling,
    on_every_layer,
    states_of,
    trainable,
)

from .conftest import RECIPE, make_split, write_cache


def chosen(text):
    return choose_heads(text, GROUPS, POOLING)


def test_names_are_kept_as_they_are_written_and_groups_stand_for_theirs():
    assert chosen("lstm, cls") == ["lstm", "cls"]
    assert chosen("all") == list(HEADS)
    assert chosen("all,more") == [*HEADS, *MORE_HEADS]
    assert chosen("avg@3, maxavg@last,avg,maxavg@all,avg@0,avg@3") == [
        "avg@3", "maxavg@last", "avg", "maxavg@all", "avg@0"
    ]  # fmt: skip


KNOWN = "known heads: cls, max"


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ("xyz", f"there is no head 'xyz'; {KNOWN}"),
        ("avgg", rf"there is no head 'avgg'; did you mean 'avg'\? {KNOWN}"),
        ("mroe", rf"there is no head 'mroe'; did you mean 'more'\? {KNOWN}"),
        ("agv@3", rf"there is no head 'agv@3'; did you mean 'avg@3'\? {KNOWN}"),
        ("maxvg@all", rf"there is no head 'maxvg@all'; did you mean 'maxavg@all'\? {KNOWN}"),
        ("all@3", "there is no head 'all@3'"),
        (" , ", "--heads names no head; known heads: cls, max"),
        ("avg@", "'avg@' names no layer; layers are written like avg@0, avg@3, avg@last, avg@all"),
        ("avg@lsat", r"'avg@lsat' names no layer; did you mean 'last'\? layers are written"),
        ("cls@03", r"'cls@03' names no layer; did you mean 'cls@3'\? "),
        ("max@-1", "'max@-1' names no layer; layers are written like max@0"),
        ("avg@²", "'avg@²' names no layer"),
        ("avg@3@4", "'avg@3@4' names no layer"),
        ("avg@" + 5000 * "9", "names no layer"),
        ("gru@3", "with `--layer 3`, and plain gru on the cache that it makes"),
        ("attn@2", "with `--layer 2`, and plain attn on the cache"),
        ("bilstm_pooled@last", "bilstm_pooled reads the last layer; write plain bilstm_pooled"),
        ("gru@all", "gru reads the tokens of one layer; the heads that stand on any layer of a cache: cls, max"),
        ("mix@3", "mix reads all layers; write plain mix, or for one layer maxavg@3"),
    ],
)  # fmt: skip
def test_names_of_no_head(names, says):
    with pytest.raises(UserError, match=says):
        chosen(names)


def test_a_cache_with_tokens_trains_every_head_of_the_notebook(written_cache):
    heads = [spec_of(name) for name in HEADS]
    assert trainable(heads, "all", open_cache(str(written_cache)), POOLING) == (heads, [])


def test_pooled_vectors_are_no_tokens_to_read(tmp_path):
    split = make_split(6)
    block = Block(None, split.lengths, split.labels, np.arange(6), split.pooled, pack(split.texts))
    recipe = dataclasses.replace(RECIPE, layout="pooled")
    splits = {name: [block] for name in ("train", "valid", "test")}
    cache = open_cache(str(write_cache(tmp_path / "made", recipe, splits)))
    heads, lines = trainable([spec_of(name) for name in HEADS], "all", cache, POOLING)
    assert [head.name for head in heads] == list(POOLING)
    assert "made holds pooled vectors only and cannot train gru, gru_pooled" in lines[0]
    with pytest.raises(UserError, match="from this cache: `--heads cls,max,avg,maxavg`"):
        trainable([spec_of("cls"), spec_of("gru")], "cls,gru", cache, POOLING)


class CacheOf:
    """As much of a cache as `trainable` looks at."""

    name, manifest = "reviews", SimpleNamespace(source={})

    def __init__(self, states, last=6):
        architecture = json.dumps({"n_layers": last})
        self.recipe = dataclasses.replace(RECIPE, layers=canonical_json(states), architecture=architecture)

    def layout_has(self, field):
        return field != "layers" or bool(self.recipe.layer_numbers)


def lines_of(cache, names, asked=""):
    heads = [spec_of(name, *states_of(cache.recipe)) for name in names]
    kept, lines = trainable(heads, asked or ",".join(names), cache, POOLING)
    return [head.name for head in kept], lines


@pytest.mark.parametrize(
    ("states", "names", "says"),
    [
        ([], ["avg@3"], "holds no layer but .*cannot train avg@3; .*with `--layers 3`"),
        ([], ["avg", "maxavg@all", "mix"], "cannot train maxavg@all, mix; .*with `--layers all`"),
        ([], ["avg@last"], "cannot train avg@last; .*with `--layers 6`"),
        ([0, 3, 6], ["avg@2", "avg@3"], "holds the layers 0, 3, 6, .*cannot train avg@2; .*`--layers 0,2,3,6`"),
        ([0, 3], ["max@last"], "holds the layers 0, 3, and cannot train max@last; .*`--layers 0,3,6`"),
        ([0, 3, 6], ["avg@7"], r"avg@7: the encoder of reviews has 6 layers; they are 0 \(the embeddings\) to 6"),
    ],
)  # fmt: skip
def test_a_layer_that_the_cache_lacks(states, names, says):
    with pytest.raises(UserError, match=says):
        lines_of(CacheOf(states), names)


def test_a_group_leaves_out_what_the_cache_cannot_train():
    kept, lines = lines_of(CacheOf([]), ["avg", *MORE_HEADS], "avg,more")
    assert kept == ["avg", "attn"]
    assert len(lines) == 1
    assert "cannot train mix" in lines[0]


def test_layers_that_are_there_are_trained():
    names = ["avg@0", "max@3", "cls@last", "maxavg@all", "mix", "avg"]
    assert lines_of(CacheOf([0, 3, 6]), names) == (names, [])


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("avg,maxavg", ["avg", "maxavg"]),
        ("maxavg, avg", ["avg", "maxavg"]),
        ("all", list(POOLING)),
        ("all,more,cls", list(POOLING)),
    ],
)
def test_heads_that_can_stand_on_any_layer(text, names):
    assert choose_pooling(text, GROUPS, POOLING) == names


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "gru",
            "'gru' cannot stand on any layer; every layer of the cache is tried with cls, max, avg, maxavg",
        ),
        ("avg,lstm_pooled", "'lstm_pooled' cannot stand on any layer"),
        ("avg@3", "'avg@3' names its layer already"),
        ("all,mix", "'mix' cannot stand"),
        ("more", "--heads more names no head that can stand on any layer: cls"),
        ("agv", r"did you mean 'avg'\?"),
        ("", "--heads names no head"),
    ],
)
def test_heads_that_cannot(text, says):
    with pytest.raises(UserError, match=says):
        choose_pooling(text, GROUPS, POOLING)


def test_every_layer_of_a_cache_and_all_of_them():
    assert on_every_layer(["avg", "cls"], CacheOf([0, 2, 3], 3)) == (
        "avg@0,avg@2,avg@3,avg@all,cls@0,cls@2,cls@3,cls@all"
    )


@pytest.mark.parametrize(
    ("states", "held"), [([], "the last layer only"), ([0, 1], "layers 0, 1"), ([3], "layers 3")]
)
def test_a_cache_without_layers_to_compare(states, held):
    with pytest.raises(
        UserError, match=f"holds {held}, and layers .* the last one, 3; first: .* --layers all"
    ):
        on_every_layer(["avg"], CacheOf(states, 3))
