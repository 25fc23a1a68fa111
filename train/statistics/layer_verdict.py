"""What heads on several layers say, in sentences that a user can act on."""

from collections import Counter
from collections.abc import Mapping, Sequence

from headstart.cache.task import Task
from headstart.train.statistics.entrant import SplitAnswers
from headstart.train.statistics.findings import LayerCandidate, LayerChoice, LayerFindings
from headstart.train.statistics.layers import choices, comparable, decide

WORTH_SAYING = 1.1
"""Times as fast; where less is gained, most of the time goes elsewhere, in so small a cache into starting."""


def find_layers(
    task: Task,
    candidates: Sequence[LayerCandidate],
    rounds: Sequence[Mapping[str, SplitAnswers]],
    last: int,
    seconds: Mapping[str, float | int],
) -> LayerFindings | None:
    """Which layer validation rows choose, and what that is worth; None where no head is on the last layer and another.

    Args:
        task: Kind and classes.
        candidates: Heads on layers.
        rounds: Answers of each round (fold, or all rows) to its `valid` and `test` rows.
        last: Number of the encoder's last layer.
        seconds: What the extraction took, see `cache.manifest.Manifest`.
    """
    kept, seeds = comparable(candidates, rounds, last)
    if not seeds:
        return None
    decided = decide(task, kept, rounds, seeds)
    rows = sum(one.valid.shape[2] for one in decided)
    right = sum(one.valid.mean(axis=1).sum(axis=1) for one in decided)
    every_choice = choices(kept, decided, last)
    return LayerFindings(
        last,
        kept,
        {candidate.name: float(of) / rows for candidate, of in zip(kept, right, strict=True)},
        every_choice,
        verdict(every_choice, kept, last, seconds),
        notes(every_choice, len(rounds), len(seeds)),
    )


def verdict(
    every_choice: Sequence[LayerChoice],
    candidates: Sequence[LayerCandidate],
    last: int,
    seconds: Mapping[str, float | int],
) -> list[str]:
    """A sentence about one layer, and one about all of them together.

    Args:
        every_choice: The choices; the last of each kind is among all heads.
        candidates: Heads on layers.
        last: Number of the last layer.
        seconds: What the extraction took.
    """
    layers = {candidate.name: candidate.layer for candidate in candidates}
    single = [choice for choice in every_choice if not choice.every][-1]
    every = [choice for choice in every_choice if choice.every][-1:]
    return [_of_one(single, layers, last, seconds), *map(_of_all, every)]


def _of_one(
    choice: LayerChoice, layers: Mapping[str, int | None], last: int, seconds: Mapping[str, float | int]
) -> str:
    picked = [layers[name] for name in choice.chosen]
    if set(picked) == {last}:
        return "No layer can be told from the last one, which the validation rows choose themselves."
    subject, head = _subject(picked), choice.name.partition("@")[0]
    if not choice.last.differs:
        return f"No layer can be told from the last one: {subject} differs from it by {_points(choice)} with {head}."
    if choice.last.difference < 0:
        return f"Keep the last layer: it beats {subject} by {_points(choice, -1)} with {head}."
    layer, said = (
        layers[choice.name],
        f"{_capital(subject)} beats the last one by {_points(choice)} with {head}",
    )
    if layer in (None, 0, last):
        return f"{said}."
    of_all = ", the choice of all validation rows together," if len(set(picked)) > 1 else ""
    return f"{said}; `--layer {layer}`{of_all} also makes {faster(int(layer or 0), last, seconds)}."


def _subject(picked: Sequence[int | None]) -> str:
    """The layer that was chosen; where folds chose several, the choosing."""
    counts = Counter(picked).most_common()
    if len(counts) == 1:
        return f"layer {picked[0]}{' (the embeddings)' if picked[0] == 0 else ''}, chosen on the validation rows,"
    (layer, most), *others = counts
    first = f"{layer} in {most} of {len(picked)} folds"
    folds = ", ".join([first, *(f"{other} in {count}" for other, count in others)])
    return f"the layer that each fold's validation rows choose ({folds})"


def faster(layer: int, last: int, seconds: Mapping[str, float | int]) -> str:
    """What ends at a layer above 0 is so many times as fast: the extraction that was measured, or else the encoder."""
    backbone, total = seconds.get("backbone", 0.0), seconds.get("total", 0.0)
    whole = total / (total - backbone * (1 - layer / last)) if 0 < backbone <= total else 1.0
    if whole < WORTH_SAYING:
        return f"the encoder about {last / layer:.1f} times as fast"
    return f"extraction about {whole:.1f} times as fast"


def _of_all(choice: LayerChoice) -> str:
    if not choice.last.differs:
        return f"All layers together ({choice.name}) cannot be told from the last one: {_points(choice)}."
    if choice.last.difference < 0:
        return f"The last layer beats all layers together ({choice.name}) by {_points(choice, -1)}."
    return f"All layers together beat the last one by {_points(choice)}: `--heads {choice.name}`."


def _points(choice: LayerChoice, sign: int = 1) -> str:
    """A difference in points with its interval, and what the other comparisons leave of one that excludes 0."""
    low, high = sorted((100 * sign * choice.last.low, 100 * sign * choice.last.high))
    # the interval is of this comparison alone
    doubt = (
        f"; p {choice.last.p_holm:.2g} with Holm's correction"
        if not choice.last.differs and (low > 0 or high < 0)
        else ""
    )
    return (
        f"{100 * sign * choice.last.difference:z.1f} points (95 % interval {low:z.1f} to {high:z.1f}{doubt})"
    )


def notes(every_choice: Sequence[LayerChoice], rounds: int, seeds: int) -> list[str]:
    """How the choice was made and tested."""
    how = (
        "Layers are chosen by loss on the validation rows"
        + (" of each fold, and the choice is tested on that fold's test rows" if rounds > 1 else " alone")
        + ", of equal ones the last and then the lowest. The highest test accuracy in the table is of the best of "
        "many, and a little too high."
    )
    tests = (
        f"with Holm's correction over {len(every_choice)} comparison{'s' * (len(every_choice) != 1)} at 5 %"
    )
    by = (
        "McNemar's exact test"
        if seeds == 1
        else "McNemar's exact test of the mean probability over seeds, and Welch's over rows and seeds"
    )
    return [how, f"A difference to the last layer holds by {by}, {tests}."]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
