"""The shape of a backbone, read from its config.json: DistilBERT as it is, BERT as the DistilBERT it is."""

import dataclasses
from typing import Any

from headstart.cache.runtime.errors import UserError
from headstart.extract.backbone.checkpoint import KINDS

ACTIVATIONS = ("gelu", "relu")
LAYER_NORM_EPSILON = 1e-12  # FlaxDistilBert's own; it cannot be set

_NAMES = {  # ours: (DistilBERT's, BERT's)
    "vocab_size": ("vocab_size", "vocab_size"),
    "dim": ("dim", "hidden_size"),
    "n_layers": ("n_layers", "num_hidden_layers"),
    "n_heads": ("n_heads", "num_attention_heads"),
    "hidden_dim": ("hidden_dim", "intermediate_size"),
    "max_position_embeddings": ("max_position_embeddings", "max_position_embeddings"),
    "activation": ("activation", "hidden_act"),
}


@dataclasses.dataclass(frozen=True)
class Architecture:
    """What decides a DistilBERT's values besides its weights; names are `DistilBertConfig`'s."""

    vocab_size: int
    dim: int
    n_layers: int
    n_heads: int
    hidden_dim: int
    max_position_embeddings: int
    activation: str

    def flops(self, tokens: int, length: float) -> float:
        """Floating-point operations of a forward pass over `tokens` tokens in rows of `length`."""
        weights = 4 * self.dim**2 + 2 * self.dim * self.hidden_dim
        attention = 2 * length * self.dim
        return 2.0 * tokens * self.n_layers * (weights + attention)


def read_architecture(config: dict[str, Any], name: str) -> Architecture:
    """Read a config.json.

    Args:
        config: the parsed file.
        name: the backbone's name, for messages.

    Raises:
        UserError: the model is of a kind that FlaxDistilBert does not compute exactly.
    """
    kind = config.get("model_type")
    if kind not in ("distilbert", "bert"):
        raise UserError(f"the backbone {name!r} is of type {kind!r}; what works: {KINDS}")
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


def _check_sizes(sizes: dict[str, Any], name: str) -> None:
    for option, found in sizes.items():
        if type(found) is not int or found < 1:
            raise UserError(
                f"the config.json of {name!r} has {option} {found!r}; a whole number above 0 is wanted"
            )


def _check_exact(config: dict[str, Any], activation: str, name: str) -> None:
    """Refuse options of BERT that the fold into a DistilBERT would silently change."""
    options = {
        "layer_norm_eps": (config.get("layer_norm_eps", LAYER_NORM_EPSILON), (LAYER_NORM_EPSILON,)),
        "position_embedding_type": (config.get("position_embedding_type", "absolute"), ("absolute",)),
        "is_decoder": (config.get("is_decoder", False), (False,)),
        "activation": (activation, ACTIVATIONS),
    }
    for option, (found, wanted) in options.items():
        if found not in wanted:
            allowed = " or ".join(map(str, wanted))
            raise UserError(
                f"the backbone {name!r} has {option} {found!r}; only {allowed} can be computed exactly"
            )
