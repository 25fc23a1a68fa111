import pytest

from headstart.heads.registry import GROUPS, HEADS, MORE_HEADS, REGISTRY
from headstart.heads.spec import POOLING, in_table_order, is_head, spec_of

STATES, LAST = (0, 2, 5, 6), 6


@pytest.mark.parametrize(
    ("name", "layers"),
    [("avg@5", (5,)), ("cls@0", (0,)), ("max@last", (6,)), ("maxavg@all", STATES), ("mix", STATES)],
)
def test_the_layers_of_a_head(name, layers):
    spec = spec_of(name, STATES, LAST)
    assert (spec.name, spec.layers) == (name, layers)
    assert (spec.reads_layers, spec.reads_pooled, spec.reads_tokens) == (True, False, False)


@pytest.mark.parametrize("name", [*HEADS, "attn"])
def test_plain_heads_read_what_they_always_did(name):
    spec = spec_of(name, STATES, LAST)
    assert (spec.layers, spec.reads_layers) == ((), False)
    assert spec.reads_pooled == (name in POOLING) != spec.reads_tokens


@pytest.mark.parametrize(
    "name", ["abc", "gru@3", "mix@2", "attn@all", "avg@", "avg@x", "avg@03", "@3", "avg@3@3"]
)
def test_no_head(name):
    assert not is_head(name)
    with pytest.raises(ValueError, match="there is no head"):
        spec_of(name, STATES, LAST)


def test_titles_name_the_layer():
    titles = {name: spec_of(name, STATES, LAST).title for name in ("avg@2", "cls@last", "maxavg@all")}
    assert titles == {
        "avg@2": "mean pooling, layer 2",
        "cls@last": "[CLS] token, last layer",
        "maxavg@all": "mean and max pooling, all layers",
    }


def test_titles_are_short_and_say_what_a_head_computes():
    titles = {name: spec_of(name, STATES, LAST).title for name in REGISTRY}
    assert len(set(titles.values())) == len(REGISTRY)
    assert max(map(len, titles.values())) <= 32
    assert not [title for title in titles.values() if "inetuned" in title]
    assert titles["lstm"] == "LSTM, last state"
    assert titles["bigru_pooled"] == "bidirectional GRU, mean and max"
    assert titles["attn"] == "attention pooling, 4 queries"


def test_the_order_of_a_table():
    names = ["attn", "avg@all", "gru", "avg@last", "maxavg@1", "avg@10", "avg", "mix", "avg@2", "cls@0"]
    assert in_table_order(names) == [
        "cls@0", "avg", "avg@2", "avg@10", "avg@last", "avg@all", "maxavg@1", "gru", "mix", "attn"
    ]  # fmt: skip


def test_groups_hold_every_head_once():
    assert [name for names in GROUPS.values() for name in names] == list(REGISTRY) == [*HEADS, *MORE_HEADS]
