import pandas as pd
import pytest

from headstart.cache import UserError
from headstart.extract.dataset.columns import choose_columns

TEXT = ["you are kind", "not very kind"]


def table(**columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(columns)


def test_the_notebook_s_columns_are_guessed() -> None:
    assert choose_columns(table(comment_text=TEXT, Toxic=["0", "1"]), None, None) == (
        "comment_text",
        ["Toxic"],
    )


def test_an_odd_label_is_left_for_the_label_check() -> None:
    assert choose_columns(table(words=TEXT, mood=["0", "maybe"]), None, None) == ("words", ["mood"])


def test_a_number_column_and_an_id_are_passed_over() -> None:
    wide = table(id=["a1", "b2"], words=TEXT, score=["0.5", "1"], flag=["0", "1"])
    assert choose_columns(wide, None, None) == ("words", ["flag"])


def test_a_known_name_decides_between_two_texts() -> None:
    assert choose_columns(table(title=TEXT, text=TEXT, y=["0", "1"]), None, None)[0] == "text"


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"comment_text": TEXT, "toxic": ["0", "1"], "insult": ["0", "1"]}, "2 columns could be the label"),
        ({"one": TEXT, "two": TEXT, "y": ["0", "1"]}, "2 columns could be the text"),
        ({"a": ["1", "2"], "y": ["0", "1"]}, "no column looks like the text"),
    ],
)
def test_doubt_is_an_error_that_lists_the_columns(columns: dict[str, list[str]], says: str) -> None:
    with pytest.raises(UserError, match=says) as error:
        choose_columns(table(**columns), None, None)
    assert ", ".join(columns) in str(error.value)


def test_a_wrong_name_gets_a_suggestion() -> None:
    with pytest.raises(UserError, match="did you mean 'comment_text'"):
        choose_columns(table(comment_text=TEXT, Toxic=["0", "1"]), "coment_text", None)


def test_one_column_cannot_be_both() -> None:
    with pytest.raises(UserError, match="cannot be both text and label"):
        choose_columns(table(words=TEXT, y=["0", "1"]), "y", "y")


def test_single_words_are_text_under_a_known_name() -> None:
    assert choose_columns(table(text=["good", "bad"], y=["0", "1"]), None, None) == ("text", ["y"])


def test_several_labels_are_named_with_commas() -> None:
    made = table(text=TEXT, a=["0", "1"], b=["1", "1"])
    assert choose_columns(made, None, "b, a") == ("text", ["b", "a"])
    with pytest.raises(UserError, match="there is no column 'c'"):
        choose_columns(made, None, "a,c")
    with pytest.raises(UserError, match="With `--label-column a,b` a row can have several labels"):
        choose_columns(made, None, None)
