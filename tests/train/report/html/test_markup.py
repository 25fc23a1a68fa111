"""How data are shown in templates, and that nothing of them becomes markup."""

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from headstart.train.report.html.markup import NOTHING, fill, interval, number, visible
from headstart.train.statistics.findings import Estimate


def macro(call: str, **values: object) -> str:
    """What a call of a macro gives."""
    from headstart.train.report.html.markup import _environment

    source = '{% from "report/html/macros.html" import table, cell, count, row %}' + call
    return _environment().from_string(source).render(values)


@pytest.mark.parametrize("name", ['<a b="c">\'&', "{{ 7 * 7 }}", "{% raw %}"])
def test_text_is_escaped_and_no_template(name: str) -> None:
    shown = macro("{{ row(name) }}{{ cell(name, name) }}", name=name)
    assert Markup(shown).unescape().count(name) == 4
    assert "<a" not in shown
    assert '"c"' not in shown
    assert "49" not in shown


def test_text_cannot_reorder_the_page() -> None:
    assert visible("a\u202eb\u0007c\u200bd\n\t\xa0") == "a\ufffdb\ufffdc\ufffdd\n\t\xa0"
    assert macro("{{ name }}", name="\ud800<\u202e") == "\ufffd&lt;\ufffd"
    assert macro("{{ shapes }}", shapes=Markup("<g/>")) == "<g/>"
    assert visible(7) == "7"
    assert visible("caf\u00e9 \u6f22 \U0001f600 \x7f\x85") == "caf\u00e9 \u6f22 \U0001f600 \ufffd\ufffd"


def test_a_name_that_is_not_passed_is_no_empty_text() -> None:
    with pytest.raises(UndefinedError, match="undefined"):
        fill("report/html/figure", name="a")


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [(None, 4, NOTHING), (1234.5, 4, "1,234.5000"), (7, 0, "7"), (-1e-6, 4, "0.0000"), (-2, 1, "-2.0")],
)
def test_numbers(value: float | None, digits: int, shown: str) -> None:
    assert number(value, digits) == shown


def test_intervals() -> None:
    known = Estimate(0.5, None, -1e-5, 0.25, None, None, [0.5])
    assert interval(known) == "0.000 to 0.250"
    assert interval(known, "+") == "+0.000 to +0.250"
    assert interval(Estimate(0.5, None, None, None, None, None, [0.5])) == NOTHING


def test_a_table_by_hand() -> None:
    shown = macro(
        '{% call table("The <caption>", ["head", "x"], sortable=true) %}'
        '<tr class="floor">{{ row("a<") }}{{ count(1.0, 1) }}</tr><tr>{{ row("b") }}{{ count(none) }}</tr>'
        "{% endcall %}"
    )
    assert shown.replace("\n", "") == (
        '<div class="scroll" tabindex="0" role="region" aria-label="The &lt;caption&gt;"><table class="sortable">'
        "<caption>The &lt;caption&gt;</caption><thead><tr>"
        '<th scope="col" aria-sort="none"><button type="button">head</button></th>'
        '<th scope="col" aria-sort="none"><button type="button">x</button></th></tr></thead><tbody>'
        '<tr class="floor"><th scope="row" class="word" data-value="a&lt;">a&lt;</th>'
        '<td class="number" data-value="1.0">1.0</td></tr>'
        f'<tr><th scope="row" class="word" data-value="b">b</th><td class="number">{NOTHING}</td></tr>'
        "</tbody></table></div>"
    )
