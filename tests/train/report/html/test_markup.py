"""Pieces of HTML, and that nothing from data becomes markup."""

import pytest

from headstart.train.report.html.markup import NOTHING, TableCell, folded, number, section, table, text, word


def test_text_is_escaped_and_cannot_reorder_the_page() -> None:
    assert text('<a b="c">\'&') == "&lt;a b=&quot;c&quot;&gt;&#x27;&amp;"
    assert text("a\u202eb\u0007c\u200bd\n\t") == "a\ufffdb\ufffdc\ufffdd\n\t"


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (number(None), NOTHING),
        (number(1234.5), "1,234.5000"),
        (number(0.0015, 2, scale=1000), "1.50"),
        (number(7, 0), "7"),
    ],
)
def test_numbers(cell: TableCell, shown: str) -> None:
    assert cell.shown == shown


def test_a_table_by_hand() -> None:
    rows = [[word("a<"), number(1.0, 1)], [word("b"), number(None)]]
    assert table("The <b>caption</b>", ["head", "x"], rows, sortable=True, marks=["floor", ""]) == (
        '<div class="scroll" tabindex="0" role="region" aria-label="The "><table class="sortable">'
        "<caption>The <b>caption</b></caption><thead><tr>"
        '<th scope="col" aria-sort="none"><button type="button">head</button></th>'
        '<th scope="col" aria-sort="none"><button type="button">x</button></th></tr></thead><tbody>'
        '<tr class="floor"><th scope="row" class="word" data-value="a&lt;">a&lt;</th>'
        '<td class="number" data-value="1.0">1.0</td></tr>'
        f'<tr><th scope="row" class="word" data-value="b">b</th><td class="number">{NOTHING}</td></tr>'
        "</tbody></table></div>"
    )


def test_what_has_no_content_is_left_out() -> None:
    assert section("a", "A", "", "") == folded("summary", "") == ""
    assert section("a", "A", "x", "y") == '<section id="a"><h2>A</h2>xy</section>'
    assert folded("a<", "x") == "<details><summary>a&lt;</summary>x</details>"
