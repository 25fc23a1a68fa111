"""A run's heads on several layers, and what they say of the layers."""

from collections.abc import Iterable, Sequence

from headstart.cache.reader import Cache
from headstart.train.head_names import ALL, AT, LAST, states_of
from headstart.train.results.outcome import TrainedHeads
from headstart.train.statistics.entrant import SplitAnswers
from headstart.train.statistics.findings import LayerCandidate, LayerFindings
from headstart.train.statistics.layer_verdict import find_layers


def candidates_of(names: Iterable[str], last: int) -> list[LayerCandidate]:
    """The heads on layers among some heads, each head on each layer once.

    Args:
        names: Names of heads, see `heads.spec`.
        last: Number of the encoder's last layer.
    """
    places: dict[tuple[str, int | None], str] = {}
    for name in names:
        head, at, layer = name.partition(AT)
        if at:
            number = {ALL: None, LAST: last}[layer] if layer in (ALL, LAST) else int(layer)
            places.setdefault((head, number), name)
    return [LayerCandidate(name, head, number) for (head, number), name in places.items()]


def on_every_layer_alike(names: Sequence[str], states: Sequence[int], last: int) -> bool:
    """Whether heads are those of `bench.py layers`: each on every layer of a cache and on all, and no other.

    Args:
        names: The heads.
        states: Layers that the cache holds.
        last: Number of the encoder's last layer.
    """
    candidates = candidates_of(names, last)
    layers = {(head, layer) for head in {one.head for one in candidates} for layer in (*states, None)}
    here = all(AT in name for name in names) and len(states) > 1
    return here and {one[1:] for one in candidates} == layers


def layers_of(cache: Cache, rounds: Sequence[TrainedHeads]) -> LayerFindings | None:
    """What a run says of layers; None where no head stands on the last layer and on another.

    Args:
        cache: The features.
        rounds: What training left: once, or of each fold.
    """
    last = states_of(cache.recipe)[1]
    candidates = candidates_of(rounds[0].all_logits("test"), last)
    answers = [
        {
            split: SplitAnswers(heads.splits[split].labels, heads.all_logits(split))
            for split in ("valid", "test")
        }
        for heads in rounds
    ]
    return find_layers(cache.task, candidates, answers, last, cache.manifest.seconds)
