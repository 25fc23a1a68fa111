"""Heads and features put together: what is trained on a cache, and how fast it answers afterwards."""

from collections.abc import Sequence
from typing import Any

from jaxtyping import PyTree

from headstart.heads.fused.fused_heads import groups_of
from headstart.heads.fused.layer_heads import LayerHeads
from headstart.heads.pooling import POOLED
from headstart.heads.registry import MixHead, PoolingHead
from headstart.heads.spec import HeadSpec
from headstart.heads.standard import folded
from headstart.train.data.split import Split
from headstart.train.engine.compiled_epochs import CompiledEpochs
from headstart.train.engine.settings import TrainingSettings
from headstart.train.engine.trainer import HeadsToTrain, Trainer
from headstart.train.feeds.sampler import LayerViews
from headstart.train.head_names import states_of
from headstart.train.options import ComparisonSettings
from headstart.train.results.outcome import TrainedHeads
from headstart.train.results.provenance import Experiment, Reads, choose_operands, inference_seconds


def open_trainer(
    experiment: Experiment,
    specs: Sequence[HeadSpec],
    splits: dict[str, Split],
    compiled: CompiledEpochs | None,
) -> Trainer:
    """Put heads and features together.

    Args:
        experiment: What is compared.
        specs: Its heads.
        splits: The rows.
        compiled: Epochs compiled for the same heads; None compiles them.
    """
    cache, _, settings = experiment
    states, _ = states_of(cache.recipe)
    longest = max(int(split.lengths.max()) for split in splits.values())
    heads = to_train(specs, longest, choose_operands(settings), states)
    return Trainer(heads, splits, training_settings(settings), cache.task, compiled)


def to_train(specs: Sequence[HeadSpec], longest: int, operands: str, states: Sequence[int]) -> HeadsToTrain:
    """Heads in groups, and what they read.

    Args:
        specs: The heads.
        longest: Most tokens of a row.
        operands: Dtype of the operands of the large matmuls.
        states: The encoder's states whose pooled vectors the cache holds.
    """
    groups = groups_of(specs, longest, operands)
    return HeadsToTrain(
        groups,
        {spec.name: spec.learning_rate for spec in specs},
        tokens=any(spec.reads_tokens for spec in specs),
        pooled=any(spec.reads_pooled for spec in specs),
        tokens_as_bfloat16=operands == "bfloat16",
        layers=views_of(groups, states),
        finish=finish_of(groups),
    )


def views_of(groups: Sequence[Any], states: Sequence[int]) -> LayerViews:
    """Which pooled vectors of layers a batch of these groups holds, as a cache numbers them."""
    on_layers = [group for group in groups if isinstance(group, LayerHeads)]
    if not on_layers:
        return LayerViews()
    return LayerViews(
        tuple(list(states).index(layer) for layer in on_layers[0].layers),
        tuple(POOLED.index(name) for name in on_layers[0].vectors),
    )


def finish_of(groups: Sequence[Any]) -> Any:
    """What makes parameters for standardised layers those for layers as they are; other heads' stay."""
    group = next((group for group in groups if isinstance(group, LayerHeads)), None)
    specs = {spec.name: spec for spec in group.heads} if group else {}

    def finish(name: str, params: PyTree, standard: Any) -> PyTree:
        if group is None or name not in specs:
            return params
        head, at = specs[name].head, [group.layers.index(layer) for layer in specs[name].layers]
        assert isinstance(head, PoolingHead | MixHead)
        of_head = standard._replace(mean=standard.mean[at], scale=standard.scale[at])
        return folded(head, params, of_head, group.vectors)

    return finish


def training_settings(settings: ComparisonSettings) -> TrainingSettings:
    """How heads are trained, of what a user chose."""
    return TrainingSettings(
        settings.epochs,
        settings.batch_size,
        settings.seeds,
        settings.batching,
        memory=settings.memory,
        memory_limit=settings.memory_limit,
        balanced=settings.class_weight == "balanced",
    )


def inference(trained: TrainedHeads, specs: Sequence[HeadSpec], states: Sequence[int]) -> dict[str, float]:
    """Seconds per 1,000 rows of each head, the features given."""
    longest = int(trained.splits["test"].lengths.max())
    alone = {spec.name: groups_of([spec], longest, "float32")[0] for spec in specs}
    reads = {
        spec.name: Reads(spec.reads_tokens, spec.reads_pooled, views_of([alone[spec.name]], states))
        for spec in specs
    }
    return inference_seconds({name: (group, reads[name]) for name, group in alone.items()}, trained)
