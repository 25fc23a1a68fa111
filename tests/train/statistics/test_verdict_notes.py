import pytest

from headstart.train.statistics.verdict import notes


@pytest.mark.parametrize(
    ("seeds", "compared", "expected"),
    [
        (1, "accuracy", ["with one seed nothing is known", "(row decided rightly)", "over 45 pairs"]),
        (5, "accuracy", ["over 5 seeds", "Welch's test", "mean probability"]),
        (1, "subset_accuracy", ["in every label", "2,000 resamples"]),
    ],
)
def test_they_say_what_the_numbers_cover(seeds, compared, expected):
    text = " ".join(notes(45, seeds, compared, 2000))
    for part in expected:
        assert part in text


def test_a_head_alone_was_not_tested():
    assert len(notes(0, 1, "accuracy", 100)) == 1
