import dataclasses
import subprocess
import sys

import pytest

from headstart.heads import HEADS, PoolingHead, RecurrentHead

POOLING = {name: head for name, head in HEADS.items() if isinstance(head, PoolingHead)}
RECURRENT = {name: head for name, head in HEADS.items() if isinstance(head, RecurrentHead)}


def test_names_and_their_order():
    recurrent = ["gru", "gru_pooled", "bigru_pooled", "lstm", "lstm_pooled", "bilstm_pooled"]
    assert list(HEADS) == ["cls", "max", "avg", "maxavg", *recurrent]


def test_names_can_be_listed_without_jax_or_flax():
    code = "import heads, sys; print(len(heads.HEADS), 'jax' in sys.modules, 'flax' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["10", "False", "False"]


def test_titles_are_unique():
    assert len({head.title for head in HEADS.values()}) == len(HEADS)


@pytest.mark.parametrize("name", RECURRENT)
def test_title_and_name_say_what_a_recurrent_row_does(name):
    head = RECURRENT[name]
    bi = "bi" if head.bidirectional else ""
    pooled = "_pooled" if head.pooled else ""
    assert name == bi + head.cell + pooled
    assert head.title.endswith(bi.title() + head.cell.upper())
    assert ("GlobalMaxAveragePooled" in head.title) is head.pooled
    assert head.units == (32 if head.bidirectional else 64)


@pytest.mark.parametrize(
    ("name", "read"), [("cls", ("cls",)), ("max", ("max",)), ("avg", ("mean",)), ("maxavg", ("mean", "max"))]
)
def test_what_pooling_heads_read(name, read):
    assert POOLING[name].read == read


def test_learning_rates_of_the_notebook():
    assert {head.learning_rate for head in POOLING.values()} == {2e-3}
    assert {head.learning_rate for head in RECURRENT.values()} == {1e-3}


@pytest.mark.parametrize("name", HEADS)
def test_rows_cannot_be_changed(name):
    with pytest.raises(dataclasses.FrozenInstanceError):
        HEADS[name].learning_rate = 1.0
