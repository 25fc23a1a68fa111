"""A backbone's config.json: its shape, BERT's as the DistilBERT it is, its layers, and the dropout of its training."""

import dataclasses
import re
from typing import Any, NamedTuple

from headstart.cache.recipe import MOST_LAYERS, Recipe
from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.text import brief
from headstart.extract.settings import Settings

KINDS = "DistilBERT and BERT checkpoints (model.safetensors or flax_model.msgpack, with config.json)"
NUMBERS = re.compile(r" *-?[0-9]{1,9} *(, *-?[0-9]{1,9} *)*")
"""Numbers of layers as a user lists them."""
ACTIVATIONS = ("gelu", "relu")
LAYER_NORM_EPSILON = 1e-12
"""FlaxDistilBert's own; it cannot be set."""
DROPOUT = 0.1
"""Rate where a config.json names none, as in transformers."""

# Our names: DistilBERT's and BERT's.
_NAMES = {
    "vocab_size": ("vocab_size", "vocab_size"),
    "dim": ("dim", "hidden_size"),
    "n_layers": ("n_layers", "num_hidden_layers"),
    "n_heads": ("n_heads", "num_attention_heads"),
    "hidden_dim": ("hidden_dim", "intermediate_size"),
    "max_position_embeddings": ("max_position_embeddings", "max_position_embeddings"),
    "activation": ("activation", "hidden_act"),
}
_RATE_NAMES = {
    "hidden": ("dropout", "hidden_dropout_prob"),
    "attention": ("attention_dropout", "attention_probs_dropout_prob"),
}


@dataclasses.dataclass(frozen=True)
class Architecture:
    """All that decides a DistilBERT's values besides its weights; names are `DistilBertConfig`'s."""

    vocab_size: int
    dim: int
    n_layers: int
    n_heads: int
    hidden_dim: int
    max_position_embeddings: int
    activation: str

    @property
    def parameters(self) -> int:
        """Number of the weights in matrices; biases and norms are few."""
        layer = 4 * self.dim**2 + 2 * self.dim * self.hidden_dim
        return (self.vocab_size + self.max_position_embeddings) * self.dim + self.n_layers * layer

    def flops(self, tokens: int, length: float) -> float:
        """Floating-point operations of a forward pass over `tokens` tokens in rows of `length`."""
        weights = 4 * self.dim**2 + 2 * self.dim * self.hidden_dim
        attention = 2 * length * self.dim
        return 2.0 * tokens * self.n_layers * (weights + attention)


def read_architecture(config: dict[str, Any], name: str) -> Architecture:
    """Read a config.json.

    Args:
        config: The parsed file.
        name: Name of the backbone, for messages.

    Raises:
        UserError: the model is of a kind that FlaxDistilBert does not compute exactly.
    """
    kind = config.get("model_type")
    if kind not in ("distilbert", "bert"):
        raise UserError(f"the backbone {name!r} is of type {brief(kind)}; what works: {KINDS}")
    names = {ours: theirs[kind == "bert"] for ours, theirs in _NAMES.items()}
    missing = [theirs for theirs in names.values() if theirs not in config]
    if missing:
        raise UserError(f"the config.json of {name!r} lacks {', '.join(missing)}")
    _check_exact(config, config[names["activation"]], name)
    _check_sizes({theirs: config[theirs] for ours, theirs in names.items() if ours != "activation"}, name)
    architecture = Architecture(**{ours: config[theirs] for ours, theirs in names.items()})
    if architecture.dim % architecture.n_heads:
        raise UserError(
            f"the config.json of {name!r} wants {architecture.n_heads} heads, which do not divide {architecture.dim}"
        )
    return architecture


def ended_at(architecture: Architecture, layer: int | None, name: str) -> Architecture:
    """The encoder without the layers above one; None keeps all.

    Args:
        architecture: The encoder's shape.
        layer: Its last layer, counted from 1.
        name: Name of the backbone, for messages.

    Raises:
        UserError: it has no such layer.
    """
    if layer is not None and not 1 <= layer <= architecture.n_layers:
        raise UserError(
            f"--layer {layer}: the backbone {name!r} has the layers 1 to {architecture.n_layers}; name the one that "
            "the encoder is to end at, or leave --layer out for all of them"
        )
    return dataclasses.replace(architecture, n_layers=layer or architecture.n_layers)


def ended_as(architecture: Architecture, recipe: Recipe, name: str) -> Architecture:
    """The encoder without the layers that a recipe leaves out.

    Raises:
        UserError: the recipe is that of another encoder.
    """
    layer = recipe.last_layer or architecture.n_layers
    if layer > architecture.n_layers:
        raise UserError(
            f"the features are those of layer {layer}, and the backbone {name!r} has the layers 1 to "
            f"{architecture.n_layers}; name the right one with --backbone"
        )
    return ended_at(architecture, layer, name)


def chosen_layers(choice: str, last: int, name: str) -> list[int]:
    """Numbers of the states whose pooled vectors are stored, ascending; none for the last layer alone.

    Args:
        choice: `all`, `last`, or numbers, separated by commas.
        last: Number of the last layer that is computed; 0 stands for the embeddings.
        name: Name of the backbone, for messages.

    Raises:
        UserError: that is no choice, or there is no such layer.
    """
    if choice in ("all", "last"):
        return list(range(last + 1)) if choice == "all" else []
    if not NUMBERS.fullmatch(choice):
        raise UserError(f"--layers {choice[:50]!r} is neither all nor last nor numbers such as 0,3,6")
    numbers = sorted({int(number) for number in choice.split(",")})
    if odd := [number for number in numbers if not 0 <= number <= last]:
        raise UserError(
            f"--layers {choice[:50]}: there is no layer {odd[0]}; the encoder {name!r} has 0, its embeddings, to {last}"
        )
    return numbers


def check_weight_bytes(architecture: Architecture, size: int, name: str) -> None:
    """Compare a config.json with the size of its weight files, before anything is built.

    Raises:
        UserError: the files cannot hold so many parameters, of a byte each at least.
    """
    if architecture.parameters > size or architecture.n_layers > MOST_LAYERS:
        raise UserError(
            f"the config.json of {name!r} describes {architecture.n_layers:,} layers of width {architecture.dim:,}, "
            f"{architecture.parameters:,} parameters; its weights have {size:,} bytes: cut off, or of another model"
        )


def _check_sizes(sizes: dict[str, Any], name: str) -> None:
    for option, size in sizes.items():
        if type(size) is not int or not 0 < size < 2**31:
            raise UserError(
                f"the config.json of {name!r} has {option} {brief(size)}; a whole number above 0 is wanted"
            )


def _check_exact(config: dict[str, Any], activation: str, name: str) -> None:
    """Refuse options of BERT that the fold into a DistilBERT would silently change."""
    options = {
        "layer_norm_eps": (config.get("layer_norm_eps", LAYER_NORM_EPSILON), (LAYER_NORM_EPSILON,)),
        "position_embedding_type": (config.get("position_embedding_type", "absolute"), ("absolute",)),
        "is_decoder": (config.get("is_decoder", False), (False,)),
        "activation": (activation, ACTIVATIONS),
    }
    for option, (value, exact) in options.items():
        if value not in exact:
            allowed = " or ".join(map(str, exact))
            raise UserError(
                f"the backbone {name!r} has {option} {brief(value)}; only {allowed} can be computed exactly"
            )


SHORTEST = 3
"""Fewest tokens of a row: [CLS], one of its own, [SEP]."""


class Dropout(NamedTuple):
    """All that decides a view's values, beside its number and the row; it is part of the recipe.

    Attributes:
        views: Number of views.
        seed: Seed of all views.
        hidden: Share of the embeddings' and the feed-forward layers' outputs that become zero.
        attention: Share of the attention weights that become zero.
    """

    views: int
    seed: int
    hidden: float
    attention: float


def read_dropout(config: dict[str, Any], settings: Settings) -> Dropout | None:
    """Return the dropout of the views that the settings name; None for no views.

    Args:
        config: The backbone's parsed config.json, DistilBERT's or BERT's.
        settings: Number and seed of the views.

    Raises:
        UserError: a rate is none, or there is no dropout.
    """
    if not settings.dropout_views:
        return None
    rates = {ours: _rate(config, names) for ours, names in _RATE_NAMES.items()}
    if not any(rates.values()):
        raise UserError("the backbone's config.json has dropout 0: its views would all be the same")
    return Dropout(settings.dropout_views, settings.seed, **rates)


def _rate(config: dict[str, Any], names: tuple[str, str]) -> float:
    name = names[config.get("model_type") == "bert"]
    rate = config.get(name, DROPOUT)
    if type(rate) not in (int, float) or not 0 <= rate < 1:
        raise UserError(
            f"the backbone's config.json has {name} {brief(rate)}; a number from 0 to below 1 is wanted"
        )
    return float(rate)


def require_length(max_length: int, architecture: Architecture, name: str) -> None:
    """Ask for positions for the longest text.

    Raises:
        UserError: the backbone has none for it, or nothing of a text is left.
    """
    longest = architecture.max_position_embeddings
    if not SHORTEST <= max_length <= longest:
        raise UserError(
            f"--max-length {max_length} does not fit the backbone {name!r}: {SHORTEST} to {longest} tokens do"
        )
