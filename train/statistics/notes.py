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
    correction = f"with Holm's correction over {pairs} pair{'' if pairs == 1 else 's'} at 5 %"
    if seeds == 1:
        test = f"McNemar's exact test ({said}), {correction}; it compares these trained heads, not other seeds of them"
    else:
        test = (
            f"McNemar's exact test of the mean probability over seeds ({said}) and Welch's test of the mean accuracy "
            f"over rows and seeds must both say so, {correction}"
        )
    return f"Heads that share a letter cannot be told apart: {test}."
