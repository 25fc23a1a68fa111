"""What heads on several layers say in words."""

import numpy as np
import pytest

from headstart.cache.task import BINARY
from headstart.train.statistics.entrant import SplitAnswers
from headstart.train.statistics.findings import LayerChoice, LayerFindings, Pair
from headstart.train.statistics.layer_verdict import faster, find_layers, notes, verdict
from tests.train.statistics.test_layers import candidates

SECONDS = {"total": 100.0, "backbone": 90.0}


def choice(
    chosen: list[str], difference: float = 0.021, differs: bool = True, name: str | None = None
) -> LayerChoice:
    name, every = name or chosen[0], chosen[0].endswith("all")
    pair = Pair("", "", difference, difference - 0.009, difference + 0.009, None, 1, 2, 0.01, 0.02, differs)
    return LayerChoice([name.partition("@")[0]], every, chosen, name, 0.8, 0.78, 0.7, 0.8, pair)


def said(one: LayerChoice, every: LayerChoice | None = None) -> list[str]:
    return verdict([one, *([every] if every else [])], candidates("avg", "maxavg"), 6, SECONDS)


CASES = [
    (
        choice(["avg@3"]),
        "Layer 3, chosen on the validation rows, beats the last one by 2.1 points (95 % interval 1.2 to 3.0) with avg; "
        "`--layer 3` also makes extraction about 1.8 times as fast.",
    ),
    (
        choice(["avg@3", "avg@2", "avg@3"]),
        "The layer that each fold's validation rows choose (3 in 2 of 3 folds, 2 in 1) beats the last one by 2.1 "
        "points (95 % interval 1.2 to 3.0) with avg; `--layer 3`, the choice of all validation rows together, also "
        "makes extraction about 1.8 times as fast.",
    ),
    (
        choice(["avg@0"]),
        "Layer 0 (the embeddings), chosen on the validation rows, beats the last one by 2.1 points (95 % interval "
        "1.2 to 3.0) with avg.",
    ),
    (
        choice(["avg@3", "maxavg@6"], name="maxavg@6"),
        "The layer that each fold's validation rows choose (3 in 1 of 2 folds, 6 in 1) beats the last one by 2.1 "
        "points (95 % interval 1.2 to 3.0) with maxavg.",
    ),
    (
        choice(["avg@3"], 0.0004, differs=False),
        "No layer can be told from the last one: layer 3, chosen on the validation rows, differs from it by 0.0 points "
        "(95 % interval -0.9 to 0.9) with avg.",
    ),
    (
        choice(["avg@3"], 0.021, differs=False),
        "No layer can be told from the last one: layer 3, chosen on the validation rows, differs from it by 2.1 points "
        "(95 % interval 1.2 to 3.0; p 0.02 with Holm's correction) with avg.",
    ),
    (
        choice(["avg@6", "avg@6"], 0.0, differs=False),
        "No layer can be told from the last one, which the validation rows choose themselves.",
    ),
    (
        choice(["avg@1"], -0.021),
        "Keep the last layer: it beats layer 1, chosen on the validation rows, by 2.1 points (95 % interval 1.2 to "
        "3.0) with avg.",
    ),
]


@pytest.mark.parametrize(("one", "sentence"), CASES)
def test_a_sentence_about_one_layer(one: LayerChoice, sentence: str) -> None:
    assert said(one) == [sentence]


@pytest.mark.parametrize(
    ("every", "sentence"),
    [
        (choice(["avg@all"]), "All layers together beat the last one by 2.1 points (95 % interval 1.2 to 3.0): "
         "`--heads avg@all`."),
        (choice(["avg@all"], 0.001, differs=False), "All layers together (avg@all) cannot be told from the last one: "
         "0.1 points (95 % interval -0.8 to 1.0)."),
        (choice(["avg@all"], -0.02), "The last layer beats all layers together (avg@all) by 2.0 points (95 % interval "
         "1.1 to 2.9)."),
    ],
)  # fmt: skip
def test_a_sentence_about_all_layers(every: LayerChoice, sentence: str) -> None:
    assert said(choice(["avg@3"]), every)[1:] == [sentence]


def test_the_sentences_are_about_the_widest_choice() -> None:
    made = [choice(["avg@2"]), choice(["avg@all"]), choice(["maxavg@4"]), choice(["maxavg@all"])]
    first, second = verdict(made, candidates("avg", "maxavg"), 6, {})
    assert first.startswith("Layer 4")
    assert "maxavg@all" in second


@pytest.mark.parametrize(
    ("layer", "seconds", "words"),
    [
        (3, SECONDS, "extraction about 1.8 times as fast"),
        (2, {"total": 60.0, "backbone": 60.0}, "extraction about 3.0 times as fast"),
        (
            3,
            {"total": 100.0, "backbone": 5.0},
            "the encoder about 2.0 times as fast",
        ),  # most of it is the start
        (4, {}, "the encoder about 1.5 times as fast"),
        (
            3,
            {"total": 10.0, "backbone": 40.0},
            "the encoder about 2.0 times as fast",
        ),  # continued: only the rest
        (3, {"total": 0.0, "backbone": 0.0}, "the encoder about 2.0 times as fast"),
    ],
)
def test_how_much_faster(layer: int, seconds: dict[str, float], words: str) -> None:
    assert faster(layer, 6, seconds) == words


def test_notes_say_how_it_was_chosen_and_tested() -> None:
    made = [choice(["avg@3"]), choice(["avg@all"])]
    chosen, tested = notes(made, rounds=5, seeds=3)
    assert "of each fold" in chosen
    assert "Welch" in tested
    assert "over 2 comparisons" in tested
    chosen, tested = notes(made[:1], rounds=1, seeds=1)
    assert "alone" in chosen
    assert "Welch" not in tested
    assert "over 1 comparison at" in tested


def logits_of(right: float, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One seed's logits, of which so many are right."""
    return ((2 * labels - 1) * np.where(rng.random(len(labels)) < right, 1.0, -1.0))[None, :, None]


def findings(good: float, folds: int = 1) -> LayerFindings | None:
    rng, among = np.random.default_rng(5), candidates("avg", "maxavg", last=4)
    rounds = []
    for _ in range(folds):
        splits = {}
        for name, rows in (("valid", 300), ("test", 400)):
            labels = rng.integers(0, 2, rows)
            shares = {c.name: good if c.layer in (2, None) else 0.7 for c in among}
            logits = {name: logits_of(share, labels, rng) for name, share in shares.items()}
            splits[name] = SplitAnswers(labels, logits)
        rounds.append(splits)
    return find_layers(BINARY, among, rounds, 4, {})


@pytest.mark.parametrize("folds", [1, 3])
def test_from_logits_to_words(folds: int) -> None:
    found = findings(0.95, folds)
    assert found is not None
    assert {one.name.partition("@")[2] for one in found.choices} == {"2", "all"}
    assert found.choices[-2].chosen[0] in ("avg@2", "maxavg@2")
    assert found.verdict[0].startswith("Layer 2, chosen on the validation rows, beats the last one by 2")
    assert "`--layer 2` also makes the encoder about 2.0 times as fast" in found.verdict[0]
    assert found.valid["avg@2"] == pytest.approx(0.95, abs=0.04)
    assert all(0.6 < found.valid[f"{h}@{n}"] < 0.8 for h in ("avg", "maxavg") for n in (0, 1, 3, 4))


def test_equal_layers_say_so() -> None:
    found = findings(0.7)
    assert found is not None
    assert found.verdict[0].startswith("No layer can be told from the last one")
    assert "cannot be told" in found.verdict[1]


def test_one_layer_is_no_choice() -> None:
    labels = np.array([0, 1])
    splits = dict.fromkeys(("valid", "test"), SplitAnswers(labels, {"avg@4": np.ones((1, 2, 1))}))
    assert find_layers(BINARY, candidates("avg", last=4)[4:5], [splits], 4, {}) is None
    assert find_layers(BINARY, [], [splits], 4, {}) is None
