"""What the statistics find, as records: a report reads them and `results.json` keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from headstart.cache.task import Task
from headstart.train.metrics.calibration import CalibrationCurve
from headstart.train.metrics.confusion import ClassScores
from headstart.train.metrics.probabilities import Threshold
from headstart.train.metrics.ranks import RocCurve


@dataclass(frozen=True)
class Estimate:
    """A metric of a head on the test rows; None where it is undefined or infinite, or the head diverged.

    Attributes:
        mean: Mean over seeds.
        sd: Standard deviation over seeds; None with one.
        low, high: Ends of the mean's 95 % interval over test rows drawn anew, the trained heads held fixed; None where
            no other rows were imagined under which the metric differs, see `train.statistics.uncertainty`.
        anew_low, anew_high: Ends of that of a head trained anew, rows and seed included; None with one seed.
        per_seed: The metric of each seed.
        chance: What a perfectly calibrated head would show on as many rows; of the calibration error alone.
    """

    mean: float | None
    sd: float | None
    low: float | None
    high: float | None
    anew_low: float | None
    anew_high: float | None
    per_seed: list[float | None]
    chance: float | None = None

    @property
    def known(self) -> tuple[float, float, float] | None:
        """Mean, and low and high end of the interval over test rows; None unless all are known."""
        if self.mean is None or self.low is None or self.high is None:
            return None
        return self.mean, self.low, self.high


class Pair(NamedTuple):
    """Two heads on the same test rows, see `train.statistics.pairs.compare_pairs`.

    Attributes:
        a, b: Heads or baselines.
        difference: Accuracy of a less that of b, means over seeds.
        low, high: Ends of its 95 % interval over test rows, the trained heads held fixed.
        p_seeds: Welch's test of the difference over rows and seeds; None with one seed.
        only_a, only_b: Rows that one of them alone has right.
        p: McNemar's exact test of these rows.
        p_holm: Holm's correction, over all pairs, of the larger p value.
        differs: Whether that is at most 0.05 and both tests point the same way.
    """

    a: str
    b: str
    difference: float
    low: float
    high: float
    p_seeds: float | None
    only_a: int | None
    only_b: int | None
    p: float
    p_holm: float
    differs: bool


class Curves(NamedTuple):
    """What a report draws of a head: its ROC curve, where it is defined, and its calibration."""

    roc: RocCurve | None
    calibration: CalibrationCurve


@dataclass(frozen=True)
class Summary:
    """Everything that a report says about the test rows, by head and baseline.

    Attributes:
        task: Kind and classes.
        rows: Test rows.
        compared: The metric that pairs, groups and verdict are about: `accuracy`, or `subset_accuracy` where a row has
            several labels.
        baselines: Which of the names are baselines.
        metrics: Estimates by head and metric.
        threshold: Thresholds, chosen on the validation rows.
        confusion: Confusion matrix, or one for each label, of the decision by the mean probability over seeds, at 0.5.
        per_class: Scores of each class, likewise.
        curves: Curves; like the two before None for a head that diverged.
        pairs: Every two heads and baselines that gave answers.
        groups: Letters; heads that share one cannot be told apart; none for a diverged head.
        diverged: The seeds that gave NaN, of heads with any; they are left out of everything else.
        verdict: Two sentences.
        notes: What the intervals cover, and how pairs were tested.
    """

    task: Task
    rows: int
    compared: str
    baselines: list[str]
    metrics: dict[str, dict[str, Estimate]]
    threshold: dict[str, Threshold]
    confusion: dict[str, list[list[int]] | list[list[list[int]]] | None]
    per_class: dict[str, dict[str, ClassScores] | None]
    curves: dict[str, Curves | None]
    pairs: list[Pair]
    groups: dict[str, str]
    diverged: dict[str, list[int]]
    verdict: list[str]
    notes: list[str]

    def compared_estimates(self) -> dict[str, Estimate]:
        """The metric that heads are compared by, of each head and baseline."""
        return {name: metrics[self.compared] for name, metrics in self.metrics.items()}

    def differ(self, a: str, b: str) -> bool:
        """Whether the tests tell two heads or baselines apart."""
        return any(pair.differs for pair in self.pairs if {pair.a, pair.b} == {a, b})


class HeadChange(NamedTuple):
    """One head in two runs; as in `Pair`, but `change`, `low` and `high` are of b less a.

    Runs whose rows are not paired have Fisher's exact test for `p`, and no `only_a`, `only_b`.
    """

    head: str
    a: float
    b: float
    low: float
    high: float
    p_seeds: float | None
    only_a: int | None
    only_b: int | None
    p: float
    p_holm: float
    differs: bool
    change: float


class RunPair(NamedTuple):
    """Two runs by name, head by head; `rows` are those that both have, None where they are not paired."""

    a: str
    b: str
    paired: bool
    rows: int | None
    statement: str
    heads: list[HeadChange]
    only_in_a: list[str]
    only_in_b: list[str]
    diverged_in_a: list[str]
    diverged_in_b: list[str]


class RunScores(NamedTuple):
    """A run's name, test rows, and accuracy of each head: mean over seeds, None where all of them diverged."""

    name: str
    rows: int
    accuracy: dict[str, float | None]


class Comparison(NamedTuple):
    """Runs side by side, every two of them; `comparisons` are all tests, which Holm's correction is over."""

    compared: str
    runs: list[RunScores]
    pairs: list[RunPair]
    comparisons: int


class LayerCandidate(NamedTuple):
    """A head on one of the encoder's states, or on all of them.

    Attributes:
        name: What results call it, `avg@3`.
        head: The head without a layer, `avg`.
        layer: Number of the state, 0 for the embeddings; None for all of them.
    """

    name: str
    head: str
    layer: int | None


class LayerChoice(NamedTuple):
    """What the validation rows choose, what that is worth on test rows, and what the last layer is.

    Attributes:
        among: Heads that were to choose among.
        every: Whether all layers together were to choose, rather than one.
        chosen: Name of the candidate that each round's validation rows choose, by loss; without folds there is one.
        name: The one that the validation rows of all rounds choose together.
        valid: Accuracy of the chosen ones on the rows that chose them.
        test: Accuracy of the chosen ones on test rows, each round's by its own choice.
        low, high: Ends of its 95 % interval, as in `Estimate`.
        last: The chosen ones less the same heads on the last layer, on the same test rows.
    """

    among: list[str]
    every: bool
    chosen: list[str]
    name: str
    valid: float
    test: float
    low: float
    high: float
    last: Pair

    @property
    def optimism(self) -> float:
        """How much better the winner looks on the rows that chose it."""
        return self.valid - self.test


class LayerPoint(NamedTuple):
    """A candidate in a picture: where it stands, its test accuracy with the interval, whether it was chosen.

    All layers together stand behind the last one.
    """

    x: int
    every: bool
    mean: float
    low: float
    high: float
    chosen: bool


class LayerCurve(NamedTuple):
    """A head in a picture, by layer."""

    head: str
    points: list[LayerPoint]


class LayerFindings(NamedTuple):
    """Heads on several layers, and which to take.

    Attributes:
        last: Number of the encoder's last layer.
        candidates: Heads on layers, in the order of the table.
        valid: Accuracy of each on the validation rows of all rounds, means over seeds.
        choices: For each head, and where there are several for all of them, one layer and all layers.
        verdict: Sentences that a user can act on.
        notes: How the choice was made and tested.
    """

    last: int
    candidates: list[LayerCandidate]
    valid: dict[str, float]
    choices: list[LayerChoice]
    verdict: list[str]
    notes: list[str]

    @property
    def picked(self) -> set[str]:
        """Names of the candidates that are each head's single layer, by the validation rows of all rounds."""
        return {choice.name for choice in self.choices if len(choice.among) == 1 and not choice.every}

    def curves(self, estimates: Mapping[str, Estimate]) -> list[LayerCurve]:
        """Accuracy of each head by layer, from what the test rows say of the candidates."""
        curves = {candidate.head: LayerCurve(candidate.head, []) for candidate in self.candidates}
        for name, head, layer in self.candidates:
            if known := estimates[name].known:
                place = self.last + 1 if layer is None else layer
                curves[head].points.append(LayerPoint(place, layer is None, *known, name in self.picked))
        return [curve._replace(points=sorted(curve.points)) for curve in curves.values()]
