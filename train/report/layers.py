"""Heads on several layers for a terminal of 80 columns: accuracy by layer, what was chosen, what to do."""

from collections.abc import Iterator, Mapping, Sequence

from headstart.train.report.html.recommendation import recommend
from headstart.train.report.terminal import WIDTH, table, wrapped
from headstart.train.results.run_record import RunRecord
from headstart.train.statistics.findings import Estimate, LayerChoice, LayerFindings, Summary

NARROW, WIDE = 9, 21
"""Width of a head's column, without and with the interval."""
NAME = 20
"""Width of the first column, of both tables."""
_CHOSEN = f"{'acc':>7}{'95 % interval':>14}{'- last':>7}{'95 % interval':>17}{'p Holm':>7}{'optim.':>7}"


def tables(run: RunRecord, titles: Mapping[str, str]) -> str:
    """What the terminal shows of a run: its layers, if its heads are on several, and its heads, unless all are.

    Args:
        run: What was compared.
        titles: Short names of heads, for the recommendation.
    """
    parts = [layers_table(run.layers, run.statistics)] if run.layers else []
    if not run.about_layers:
        parts.append(table(run.results, run.statistics, run.folds, recommend(run, titles).sentence))
    return "\n\n".join(parts)


def layers_table(findings: LayerFindings, summary: Summary) -> str:
    """Accuracy of each head on each layer, the choices, and what they say.

    Args:
        findings: Heads on layers.
        summary: What the test rows say of them, and of the baselines.
    """
    estimates = summary.compared_estimates()
    exact = "exact-match accuracy (every label right)" if summary.task.several else "accuracy"
    legend = (
        f"Test {exact}, with 95 % intervals over test rows, the trained heads held fixed; > chosen on validation rows; "
        "* baseline; any: of all heads; - last: the choice less the last layer; optim.: how much better the choice "
        "looked on the rows that chose it."
    )
    return "\n".join(
        [
            *_by_layer(findings, estimates, summary.baselines),
            "",
            *_choices(findings),
            "",
            *map(wrapped, findings.verdict),
            "",
            *map(wrapped, [legend, *findings.notes]),
        ]
    )


def _by_layer(
    findings: LayerFindings, estimates: Mapping[str, Estimate], baselines: Sequence[str]
) -> Iterator[str]:
    """A line for each layer, a column for each head; then the baselines, in the first column."""
    heads = list(dict.fromkeys(candidate.head for candidate in findings.candidates))
    wide = NAME + WIDE * len(heads) <= WIDTH
    names = {(candidate.head, candidate.layer): candidate.name for candidate in findings.candidates}
    yield f"{'layer':<{NAME}}" + "".join(f"{head:>{WIDE if wide else NARROW}}" for head in heads)
    layers = dict.fromkeys(candidate.layer for candidate in findings.candidates)
    for layer in sorted(layers, key=lambda layer: (layer is None, layer)):
        row = [names.get((head, layer)) for head in heads]
        cells = [_cell(estimates[name] if name else None, name in findings.picked, wide) for name in row]
        yield f"{layer_name(layer, findings.last):<{NAME}}{''.join(cells)}".rstrip()
    for name in baselines:
        yield f"{name + '*':<{NAME}}{_cell(estimates[name], False, wide)}"


def layer_name(layer: int | None, last: int) -> str:
    """What people call a layer."""
    if layer is None:
        return "all"
    return f"{layer} (embeddings)" if layer == 0 else f"{layer} (last)" if layer == last else str(layer)


def _cell(estimate: Estimate | None, chosen: bool, wide: bool) -> str:
    width = WIDE if wide else NARROW
    if estimate is None or estimate.mean is None:
        return f"{'-':>{width}}"
    ends = "" if estimate.low is None else f" {estimate.low:.3f}-{estimate.high:.3f}"
    return f"{'>' * chosen}{estimate.mean:.4f}{ends * wide}".rjust(width)


def _choices(findings: LayerFindings) -> Iterator[str]:
    """A line for each choice."""
    yield f"{'chosen':<{NAME}}{_CHOSEN}"
    yield from (_choice(choice) for choice in findings.choices)


def _choice(choice: LayerChoice) -> str:
    folds = len(choice.chosen)
    share = f" {choice.chosen.count(choice.name)}/{folds}" if folds > 1 else ""
    name = f"{'any ' if len(choice.among) > 1 else ''}{choice.name}{share}"
    last = choice.last
    return (
        f"{name:<{NAME}}{choice.test:>7.4f}{f'{choice.low:.3f}-{choice.high:.3f}':>14}{last.difference:>+z7.3f}"
        f"{f'{last.low:+z.3f} to {last.high:+z.3f}':>17}{last.p_holm:>7.1g}{choice.optimism:>+z7.3f}"
    )
