"""Dropout of the frozen backbone, as the notebook's had it in training: which rates, for how many views."""

from typing import Any, NamedTuple

from headstart.cache.runtime.errors import UserError
from headstart.extract.settings import Settings

DEFAULT = 0.1  # of a config.json that does not say, as in transformers
_NAMES = {
    "hidden": ("dropout", "hidden_dropout_prob"),
    "attention": ("attention_dropout", "attention_probs_dropout_prob"),
}


class Dropout(NamedTuple):
    """What decides a view's values, beside the view's number and the row; all of it is part of the recipe.

    Attributes:
        views: how many there are.
        seed: of all of them.
        hidden: share of the embeddings' and the feed-forward layers' outputs that become zero.
        attention: share of the attention weights that do.
    """

    views: int
    seed: int
    hidden: float
    attention: float


def read_dropout(config: dict[str, Any], settings: Settings) -> Dropout | None:
    """Return the dropout of the wanted views; None if none are wanted.

    Args:
        config: of the backbone, DistilBERT's or BERT's; it has dropout where DistilBERT has it.
        settings: say how many views, and the seed.

    Raises:
        UserError: a rate is none, or there is no dropout.
    """
    if not settings.dropout_views:
        return None
    rates = {ours: _rate(config, names) for ours, names in _NAMES.items()}
    if not any(rates.values()):
        raise UserError("the backbone's config.json has dropout 0: its views would all be the same")
    return Dropout(settings.dropout_views, settings.seed, **rates)


def _rate(config: dict[str, Any], names: tuple[str, str]) -> float:
    name = names[config.get("model_type") == "bert"]
    found = config.get(name, DEFAULT)
    if type(found) not in (int, float) or not 0 <= found < 1:
        raise UserError(
            f"the backbone's config.json has {name} {found!r}; a number from 0 to below 1 is wanted"
        )
    return float(found)
