"""What is read from a config.json, DistilBERT's or BERT's."""

import dataclasses
import json

import pytest

from headstart.cache import UserError
from headstart.extract.checkpoint.architecture import (
    Dropout,
    check_weight_bytes,
    chosen_layers,
    ended_as,
    ended_at,
    read_architecture,
    read_dropout,
)
from headstart.extract.settings import Settings
from tests.cache.conftest import RECIPE

from ..conftest import DISTILBERT

BERT = {
    "model_type": "bert", "vocab_size": 50, "hidden_size": 16, "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24, "max_position_embeddings": 64, "hidden_act": "gelu", "layer_norm_eps": 1e-12,
}  # fmt: skip


def test_bert_and_distilbert_name_the_same_shape() -> None:
    bert, distilbert = read_architecture(BERT, "b"), read_architecture(DISTILBERT | {"vocab_size": 50}, "d")
    assert bert == distilbert


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"model_type": "roberta"}, "what works: DistilBERT and BERT"),
        ({"layer_norm_eps": 1e-5}, "layer_norm_eps 1e-05"),
        ({"position_embedding_type": "relative_key"}, "position_embedding_type"),
        ({"is_decoder": True}, "is_decoder"),
        ({"hidden_act": "gelu_new"}, "activation 'gelu_new'"),
        ({"num_attention_heads": 3}, "3 heads, which do not divide 16"),
        ({"num_attention_heads": 0}, "num_attention_heads 0"),
        ({"hidden_size": "16"}, "hidden_size '16'"),
        ({"vocab_size": None}, "vocab_size None"),
        ({"vocab_size": 10**400}, r"vocab_size 10+\.\.\."),
        ({"model_type": [[]]}, "type a list"),
    ],
)
def test_what_cannot_be_computed_exactly_is_refused(change: dict[str, object], says: str) -> None:
    with pytest.raises(UserError, match=says):
        read_architecture(json.loads(json.dumps(BERT | change)), "x")


@pytest.mark.parametrize(
    "change",
    [
        {"num_hidden_layers": 10**7},
        {"vocab_size": 10**9},
        {"intermediate_size": 2**30},
        {"hidden_size": 2**20},
    ],
)
def test_a_config_is_compared_with_its_weights_before_anything_is_built(change: dict[str, int]) -> None:
    check_weight_bytes(read_architecture(BERT, "x"), 50_000, "x")
    with pytest.raises(UserError, match="its weights have 50,000 bytes: cut off, or of another model"):
        check_weight_bytes(read_architecture(BERT | change, "x"), 50_000, "x")


def test_a_model_of_many_thin_layers_is_refused() -> None:
    thin = BERT | {
        "hidden_size": 1,
        "intermediate_size": 1,
        "num_attention_heads": 1,
        "num_hidden_layers": 10**6,
    }
    with pytest.raises(UserError, match="1,000,000 layers of width 1"):
        check_weight_bytes(read_architecture(thin, "x"), 2**40, "x")


def test_a_config_without_a_field() -> None:
    with pytest.raises(UserError, match="lacks intermediate_size"):
        read_architecture({name: value for name, value in BERT.items() if name != "intermediate_size"}, "x")


def test_rates_are_the_backbone_s_own(settings: Settings) -> None:
    wanted = dataclasses.replace(settings, dropout_views=3)
    bert = {
        "model_type": "bert",
        "hidden_dropout_prob": 0.2,
        "attention_probs_dropout_prob": 0,
        "dropout": 0.7,
    }
    assert read_dropout(bert, wanted) == Dropout(3, 42, 0.2, 0.0)
    assert read_dropout({"model_type": "distilbert", "dropout": 0.3}, wanted) == Dropout(3, 42, 0.3, 0.1)
    assert read_dropout(bert, settings) is None
    for rate, says in ((0, "would all be the same"), (1, "below 1 is wanted"), ("x", "below 1 is wanted")):
        with pytest.raises(UserError, match=says):
            read_dropout({"dropout": rate, "attention_dropout": rate}, wanted)


SIX = read_architecture(DISTILBERT | {"n_layers": 6}, "six")


@pytest.mark.parametrize("layer", [1, 3, 6])
def test_an_encoder_ends_where_the_user_and_its_recipe_say(layer: int) -> None:
    ended = ended_at(SIX, layer, "six")
    assert ended == dataclasses.replace(SIX, n_layers=layer)
    recipe = dataclasses.replace(RECIPE, architecture=json.dumps(dataclasses.asdict(ended)))
    assert ended_as(SIX, recipe, "six") == ended
    assert ended.flops(100, 10.0) / SIX.flops(100, 10.0) == pytest.approx(layer / 6)


def test_an_encoder_has_all_layers_unless_a_user_or_a_recipe_says_otherwise() -> None:
    assert ended_at(SIX, None, "six") == ended_as(SIX, RECIPE, "six") == SIX


@pytest.mark.parametrize(
    ("architecture", "says"),
    [
        ('{"n_layers":7}', "those of layer 7, and the backbone 'six' has the layers 1 to 6"),
        ('{"n_layers":0}', "has no n_layers from 1 to 1,000"),
        ('{"n_layers":true}', "has no n_layers"),
        ('{"n_layers":"3"}', "has no n_layers"),
        ('{"n_layers":[[]]}', "has no n_layers"),
        ("[1]", "is no JSON object"),
        ("7", "is no JSON object"),
        ("{", "architecture is no JSON"),
        ("[" * 100_000, "architecture is no JSON"),
    ],
)
def test_a_recipe_of_another_encoder_is_refused(architecture: str, says: str) -> None:
    with pytest.raises(UserError) as raised:
        ended_as(SIX, dataclasses.replace(RECIPE, architecture=architecture), "six")
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("choice", "layers"),
    [("all", [0, 1, 2, 3, 4, 5, 6]), ("last", []), ("6", [6]), ("0", [0]), ("3,0, 6,3", [0, 3, 6])],
)
def test_the_layers_that_are_stored(choice: str, layers: list[int]) -> None:
    assert chosen_layers(choice, 6, "six") == layers
