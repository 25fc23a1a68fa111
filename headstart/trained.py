"""A trained head of a run: where it stands on the encoder, what it computes, what each token adds to its score."""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from headstart.cache.recipe import Recipe
from headstart.cache.runtime.errors import UserError
from headstart.heads.explain import attention_contributions, contributions
from headstart.heads.fused.ragged import score_of, score_of_layers
from headstart.heads.modules import kept_params
from headstart.heads.registry import AttentionHead, PoolingHead
from headstart.heads.spec import HeadSpec, is_head, spec_of
from headstart.train.head_names import states_of
from headstart.train.predict.answers import Answer, answering
from headstart.train.predict.trained_head import Trained, open_trained


def open_head(path: str, asked: str) -> Trained:
    """Read a head of a run.

    Raises:
        UserError: there is no such run or head.
    """
    return open_trained(path, asked, is_head, _template)


def _template(name: str, recipe: Recipe, width: int) -> Any:
    return kept_params(_spec(name, recipe), width, recipe.parsed_task.outputs)


def spec_of_trained(head: Trained) -> HeadSpec:
    """The head and the layers that it reads."""
    return _spec(head.name, head.recipe)


def _spec(name: str, recipe: Recipe) -> HeadSpec:
    spec = spec_of(name, *states_of(recipe))
    if spec.reads_layers and not spec.layers:
        raise UserError(f"the run's recipe names no layers for {name} to read")
    return spec


def answers_of(head: Trained, operands: str) -> Callable[..., Answer]:
    """What a head computes: logits and probabilities, from its parameters and features, see `extract.predict.scorer`.

    Args:
        head: The head.
        operands: Dtype of the operands of the large matmuls.
    """
    spec = spec_of_trained(head)
    if spec.reads_layers:
        return answering(head.task, score_of_layers(spec))
    return answering(head.task, score_of(head.name, spec.head, head.recipe.max_length, operands))


def added_by_tokens(
    head: Trained, hidden: Float[np.ndarray, "t d"], pooled: Float[np.ndarray, "3 d"]
) -> Float[np.ndarray, "t k"]:
    """What each token of a row adds to each logit, see `heads.explain`.

    Args:
        head: One whose score splits over tokens.
        hidden: Hidden states of the row's tokens, at the layer that the head reads.
        pooled: Pooled vectors of the row there.
    """
    spec, dense = spec_of_trained(head).head, head.params["dense"]
    kernel = np.asarray(dense["kernel"])
    if isinstance(spec, AttentionHead):
        return attention_contributions(np.asarray(head.params["queries"]), kernel, hidden, head.run.operands)
    assert isinstance(spec, PoolingHead)
    return contributions(spec, kernel, hidden, pooled)
