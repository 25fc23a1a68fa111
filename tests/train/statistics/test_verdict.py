import pytest

from headstart.train.statistics.verdict import Standing, verdict


def say(heads, differing=(), diverged=(), floors=(), metric="accuracy", seeds=1):
    """Sentences about `{name: value}`; `differing` is pairs as `a-b`."""
    standings = [
        Standing(name, value, value - 0.03, value + 0.03, name in floors) for name, value in heads.items()
    ]
    pairs = {frozenset(pair.split("-")) for pair in differing}
    return verdict(standings, pairs, list(diverged), metric, 382, seeds)


GRU = "(95 % interval 0.826 to 0.886, 382 rows)"


def test_a_best_head_some_it_beats_and_some_it_does_not():
    assert say(
        {"cls": 0.7, "gru": 0.856, "lstm": 0.85, "tfidf": 0.8}, ["gru-cls", "gru-tfidf"], floors=["tfidf"]
    ) == [
        f"gru has the highest test accuracy, 0.856 {GRU}, but cannot be told apart from lstm.",
        "It does beat cls and the baseline tfidf.",
    ]


def test_a_best_head_that_beats_all():
    assert say({"gru": 0.856, "cls": 0.7, "max": 0.7}, ["gru-cls", "gru-max"]) == [
        f"gru has the highest test accuracy, 0.856 {GRU}.",
        "It beats all others: cls and max.",
    ]


def test_no_difference_at_all():
    heads = {"gru": 0.856, "cls": 0.85, "max": 0.85, "avg": 0.84, "lstm": 0.84}
    assert say(heads) == [
        f"gru has the highest test accuracy, 0.856 {GRU}, but cannot be told apart from any other head.",
        "No difference between any two of them holds.",
    ]
    first, _ = say(heads | {"tfidf": 0.83}, floors=["tfidf"])
    assert first.endswith("but cannot be told apart from any other head or the baseline tfidf.")


def test_a_best_head_that_beats_none_though_others_differ():
    assert say({"gru": 0.856, "cls": 0.85, "max": 0.84}, ["cls-max"])[1] == "It beats none of them."


def test_the_best_is_a_floor():
    assert say({"gru": 0.85, "cls": 0.7, "tfidf": 0.856}, ["tfidf-cls"], floors=["tfidf"]) == [
        f"The baseline tfidf has the highest test accuracy, 0.856 {GRU}, but cannot be told apart from gru.",
        "No head does better than this baseline; it beats cls.",
    ]


def test_two_share_the_first_place():
    assert say({"gru": 0.856, "lstm": 0.856, "cls": 0.7}, ["gru-cls", "lstm-cls"]) == [
        f"gru and lstm share the highest test accuracy, 0.856 {GRU}.",
        "They beat all others: cls.",
    ]


@pytest.mark.parametrize(
    ("differing", "apart", "second"),
    [
        (["gru-cls"], ", but cannot be told apart from avg", "Of the first, gru alone beats cls."),
        (
            ["gru-cls", "gru-avg", "lstm-avg"],
            "",
            "They do beat avg; of the first, gru alone beats cls.",
        ),
        (
            ["gru-cls", "lstm-avg"],
            "",
            "Of the first, gru alone beats cls; of the first, lstm alone beats avg.",
        ),
    ],
)
def test_what_one_of_two_leaders_beats_is_said_of_it_alone(differing, apart, second):
    assert say({"gru": 0.856, "lstm": 0.856, "cls": 0.8, "avg": 0.79}, differing) == [
        f"gru and lstm share the highest test accuracy, 0.856 {GRU}{apart}.",
        second,
    ]


def test_all_equal():
    assert say({"gru": 0.856, "lstm": 0.856})[1] == "They are right equally often."


def test_a_head_and_a_floor_share_the_first_place():
    first, second = say(
        {"gru": 0.856, "tfidf": 0.856, "cls": 0.7}, ["gru-cls", "tfidf-cls"], floors=["tfidf"]
    )
    assert first.startswith("gru and the baseline tfidf share the highest test accuracy")
    assert second == "They beat all others: cls."


def test_one_head_alone():
    assert say({"gru": 0.856}) == [
        f"gru has a test accuracy of 0.856 {GRU}.",
        "There is nothing else to compare it with.",
    ]


def test_several_seeds_and_several_labels_are_named():
    first, _ = say({"gru": 0.856, "cls": 0.7}, ["gru-cls"], metric="subset_accuracy", seeds=5)
    assert first.startswith("gru has the highest mean exact-match test accuracy over 5 seeds, 0.856")


@pytest.mark.parametrize(
    ("diverged", "end"),
    [
        (["lstm"], "; lstm diverged and is left out."),
        (["lstm", "max"], "; lstm and max diverged and are left out."),
    ],
)
def test_diverged_heads_are_named(diverged, end):
    assert (
        say({"gru": 0.856, "cls": 0.7}, ["gru-cls"], diverged=diverged)[1] == f"It beats all others: cls{end}"
    )


def test_nothing_but_diverged_heads():
    assert say({}, diverged=["gru"]) == ["No head gave finite predictions.", "gru diverged and is left out."]
