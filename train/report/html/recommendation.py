"""Which head to take, in a sentence: the simplest of those that cannot be told apart from the best."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from headstart.train.results.result import group_by_head, mean_of
from headstart.train.results.run_record import RunRecord
from headstart.train.statistics.findings import LayerChoice, LayerFindings, Summary
from headstart.train.statistics.verdict import TITLES


class Recommendation(NamedTuple):
    """What to take.

    Attributes:
        head: Its name; None where no head gave finite answers.
        sentence: That, and how sure it is.
    """

    head: str | None
    sentence: str


def recommend(run: RunRecord, titles: Mapping[str, str]) -> Recommendation:
    """Choose a head that nothing on the test rows speaks against.

    The head with the highest score is the best of many, and flatters; of those that no test tells apart from it the
    one with the fewest parameters is as good a choice, and cheaper.

    Args:
        run: What was compared.
        titles: Short names of heads.
    """
    if run.layers and run.about_layers:
        return Recommendation(chosen_on_layers(run.layers), run.layers.verdict[0])
    summary = run.statistics
    known = {name: value[0] for name, one in summary.compared_estimates().items() if (value := one.known)}
    heads = [name for name in known if name not in summary.baselines]
    if not heads:
        return Recommendation(None, "No head gave finite predictions: there is none to recommend.")
    parameters = {name: mean_of(rows, "params") for name, rows in group_by_head(run.results).items()}
    best = max(heads, key=lambda name: known[name])
    alike = [name for name in heads if name == best or not summary.differ(name, best)]
    simplest = min(alike, key=lambda name: (parameters[name], -known[name]))
    why = _why(simplest, best, alike, len(heads))
    return Recommendation(simplest, _sentence(summary, _named(simplest, titles), simplest, why))


def chosen_on_layers(layers: LayerFindings) -> str:
    """The head on the layer that validation rows choose, where it beats the last layer; else on that one."""
    choice: LayerChoice = [choice for choice in layers.choices if not choice.every][-1]
    if choice.last.differs and choice.last.difference > 0:
        return choice.name
    head = choice.name.partition("@")[0]
    return next(one.name for one in layers.candidates if (one.head, one.layer) == (head, layers.last))


def _named(name: str, titles: Mapping[str, str]) -> str:
    return f"{name} ({titles[name]})" if name in titles else name


def _why(simplest: str, best: str, alike: Sequence[str], heads: int) -> str:
    """What makes a head the one to take."""
    if heads == 1:
        return "the only head that was compared"
    if len(alike) == 1:
        return "better than every other head"
    if len(alike) == heads:
        return f"the simplest: no head is shown to be better than {'another' if heads > 2 else 'the other'}"
    others = f"the {len(alike)} heads that cannot be told apart"
    return (
        f"the best and the simplest of {others}"
        if simplest == best
        else f"the simplest of {others} from {best}"
    )


def _sentence(summary: Summary, named: str, head: str, why: str) -> str:
    value = summary.metrics[head][summary.compared].known
    assert value  # of a head that gave answers
    measured = f"{TITLES[summary.compared]} {value[0]:.3f} (95 % interval {value[1]:.3f} to {value[2]:.3f})"
    better, alike, beaten = _baselines(summary, head, value[0])
    if better:
        return (
            f"Take none of these heads yet: the baseline {_listed(better)} is better than {named}, {why}; "
            f"{measured}."
        )
    unbeaten = "any baseline" if len(alike) > 1 and not beaten else f"the baseline {_listed(alike, 'or')}"
    doubt = f", but nothing shows that it beats {unbeaten}" if alike else ""
    sure = f", and it beats the baseline{'s' * (len(beaten) > 1)} {_listed(beaten)}" if beaten else ""
    return f"Take {named}, {why}; {measured}{doubt or sure}."


def _baselines(summary: Summary, head: str, value: float) -> tuple[list[str], list[str], list[str]]:
    """Baselines that are better than a head, cannot be told apart from it, or are beaten by it."""
    known = {name: one.known[0] for name, one in summary.compared_estimates().items() if one.known}
    names = [name for name in summary.baselines if name in known]
    alike = [name for name in names if not summary.differ(name, head)]
    better = [name for name in names if name not in alike and known[name] > value]
    return better, alike, [name for name in names if name not in (*alike, *better)]


def _listed(names: Sequence[str], last: str = "and") -> str:
    return f" {last} ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
