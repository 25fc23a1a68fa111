"""What the numbers of a comparison cover, in words."""


def notes(pairs: int, seeds: int, compared: str, resamples: int) -> list[str]:
    """Sentences that belong under a table of heads.

    Args:
        pairs: how many were tested together.
        seeds: of each head.
        compared: metric of the tests.
        resamples: of the rows.
    """
    said = "row decided rightly in every label" if compared == "subset_accuracy" else "row decided rightly"
    return [_intervals(seeds, resamples), *([_tests(pairs, seeds, said)] if pairs else [])]


def _intervals(seeds: int, resamples: int) -> str:
    rows = (
        "A 95 % interval covers what other test rows of the same kind would change "
        f"(paired bootstrap, percentiles of {resamples:,} resamples), the trained heads held fixed"
    )
    if seeds == 1:
        return f"{rows}; with one seed nothing is known of what another seed would change."
    return f"{rows}; sd is what the seed changes, over {seeds} seeds; the interval of a head trained anew has both."


def _tests(pairs: int, seeds: int, said: str) -> str:
    many = (
        "McNemar's exact test, seed by seed and the middle p value of the seeds, and Welch's test of the means over "
        "seeds and rows must both say so"
    )
    test = many if seeds > 1 else "McNemar's exact test"
    limit = "" if seeds > 1 else "; it compares these trained heads, not other seeds of them"
    return (
        f"Heads that share a letter cannot be told apart: {test} ({said}), "
        f"with Holm's correction over {pairs} pair{'' if pairs == 1 else 's'} at 5 %{limit}."
    )
