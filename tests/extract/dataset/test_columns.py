import pytest

from headstart.cache import UserError
from headstart.extract.dataset.columns import ColumnChoice, TextChoice, choose_columns
from headstart.extract.tables.source import FirstRows

TEXT = ["you are kind", "not very kind"]


def table(**columns: list[str]) -> FirstRows:
    return first_rows(columns)


def first_rows(columns: dict[str, list[str]]) -> FirstRows:
    return FirstRows("a.csv", list(columns), lambda names: {name: columns[name] for name in names})


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


@pytest.mark.parametrize(
    ("columns", "text", "label"),
    [
        (
            {"tweet": ["#kind", "#rude"], "class": ["0", "1"], "location": ["New York", "San Jose"]},
            "tweet",
            "class",
        ),
        (
            {"Text": ["谢谢你", "再见"], "Label": ["0", "1"], "created_at": ["2021-03-01 10:00:00"] * 2},
            "Text",
            "Label",
        ),
        ({"": ["0", "1"], "w": TEXT, "mood": ["up", "down"]}, "w", "mood"),
        ({"Unnamed: 0": ["0", "1"], "w": TEXT, "mood": ["up", "down"]}, "w", "mood"),
        ({"user_id": ["0", "1"], "Review Text": TEXT, "f": ["0", "1"]}, "Review Text", "f"),
        ({"a": ["ขอบคุณมาก", "ลาก่อนนะ"], "f": ["0", "1"]}, "a", "f"),  # Thai
        ({"a": ["សូមអរគុណ", "លាហើយ"], "f": ["0", "1"]}, "a", "f"),  # Khmer
        ({"a": ["ありがとう", "さようなら"], "f": ["0", "1"]}, "a", "f"),
        ({"a": TEXT, "when": ["3 May 10:00 2021", "1/2 2020 10:00"], "f": ["0", "1"]}, "a", "f"),
        (
            {"content": TEXT, "Toxic": ["0", "1"], "flag": ["0", "1"]},
            "content",
            "Toxic",
        ),  # a name beats statistics
        ({"message": ["1", "2"], "notes": TEXT, "y": ["0", "1"]}, "message", "y"),
    ],
)
def test_guesses(columns: dict[str, list[str]], text: str, label: str) -> None:
    assert choose_columns(first_rows(columns), None, None) == (text, [label])


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"text": TEXT, "label": ["0", "1"], "target": ["1", "0"]}, "label ('label', 'target')"),
        ({"review": TEXT, "Comment": TEXT, "y": ["0", "1"]}, "text ('review', 'Comment')"),
        (
            {"w": ["#kind", "#rude"], "place": ["New York", "San Jose"], "y": ["0", "1"]},
            "text ('place', 'w')",
        ),
        ({"text": TEXT, "index": ["0", "1"]}, "no column looks like the label"),
        ({"date": ["so kind", "so rude"], "y": ["0", "1"]}, "no column looks like the text"),
    ],
)
def test_two_candidates_are_a_question_that_names_both(columns: dict[str, list[str]], says: str) -> None:
    with pytest.raises(UserError) as error:
        choose_columns(first_rows(columns), None, None)
    assert says in str(error.value)


def test_a_message_lists_few_of_many_columns() -> None:
    wide = {f"column {number}": ["0", "1"] for number in range(9_000)}
    with pytest.raises(UserError, match=r"column 11 and 8,988 more\.") as error:
        choose_columns(first_rows(wide), None, None)
    assert len(str(error.value)) < 1_000
    with pytest.raises(UserError, match="12,000 columns, one can be guessed among 10,000"):
        choose_columns(first_rows({str(number): ["0"] for number in range(12_000)}), None, None)


def test_columns_with_a_well_known_name_are_looked_at_no_further() -> None:
    def read(names: object) -> dict[str, list[str]]:
        raise AssertionError("nothing has to be read")

    assert choose_columns(FirstRows("a.csv", ["id", "text", "label", "more"], read), None, None) == (
        "text",
        ["label"],
    )


def test_the_first_file_decides_and_later_ones_must_have_the_columns() -> None:
    choice = ColumnChoice(None, None, ["who"])
    first = first_rows({"who": ["a b c", "c d e"], "words": TEXT, "f": ["0", "1"], "g": ["5", "6"]})
    assert choice(first) == ["words", "f", "who"]
    assert (choice.text, choice.labels, choice.only_flags) == ("words", ["f"], True)
    assert choice(first._replace(header=["f", "who", "words"])) == ["words", "f", "who"]
    with pytest.raises(
        UserError, match=r"a.csv has no column 'who', as the first file has. The columns are: words, f"
    ):
        choice(first_rows({"words": TEXT, "f": ["0", "1"]}))


def test_the_text_and_what_is_kept() -> None:
    assert TextChoice(None, ["id", "text"])(table(id=["1"], text=["so kind"], more=["x"])) == ["text", "id"]
    with pytest.raises(UserError, match=r"no column 'idd'; did you mean 'id'.* Choose one with --keep"):
        TextChoice(None, ["idd"])(table(id=["1"], text=["so kind"]))


def test_a_first_line_that_is_a_row_is_refused_unless_a_name_is_among_it() -> None:
    first = first_rows({"ham": ["ham", "spam"], "so kind": TEXT})._replace(headerless=True)
    with pytest.raises(UserError, match=r"looks like data, no header \(ham, so kind\).*`--no-header`"):
        choose_columns(first, None, None)
    with pytest.raises(UserError, match="looks like data"):
        choose_columns(first, "2", "1")
    assert choose_columns(first, "so kind", "ham") == ("so kind", ["ham"])
