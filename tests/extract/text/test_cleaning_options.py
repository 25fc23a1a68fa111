"""What `--clean` takes, and what it says of mistakes."""

import json
import re
from pathlib import Path

import pytest
from cleantext import clean as library

from headstart.cache import UserError
from headstart.extract.text import cleaning
from headstart.extract.text.cleaning import NOTEBOOK, Cleaning
from headstart.extract.text.cleaning_options import choose_cleaning, defaults


def write(tmp_path: Path, text: str) -> str:
    (tmp_path / "options.toml").write_text(text)
    return str(tmp_path / "options.toml")


def test_the_notebook_s_cleaning_none_and_a_file(tmp_path: Path) -> None:
    assert choose_cleaning("notebook") == NOTEBOOK
    assert cleaning.clean(" As it\nis! ", choose_cleaning("none")) == " As it\nis! "
    from_file = choose_cleaning(
        write(tmp_path, 'lower = false\nno_digits = true\nreplace_with_digit = "9"\n')
    )
    assert cleaning.clean("Room 12, a", from_file) == library(
        "Room 12, a", lower=False, no_digits=True, replace_with_digit="9"
    )
    kept = choose_cleaning(write(tmp_path, 'exceptions = ["C[+][+]"]\nno_punct = true\n'))
    assert cleaning.clean("I like C++!", kept) == "i like C++"


def test_what_is_the_default_anyway_is_no_other_cleaning(tmp_path: Path) -> None:
    lines = [
        f"{name} = {json.dumps(value)}"
        for name, value in (defaults() | NOTEBOOK.options).items()
        if value is not None
    ]
    assert choose_cleaning(write(tmp_path, "\n".join(lines))) == NOTEBOOK
    assert choose_cleaning(write(tmp_path, "")) == Cleaning({})


MISTAKES = [
    (
        "no_url = true",
        "clean-text has no option 'no_url'; did you mean 'no_urls'? the options are: fix_unicode,",
    ),
    ("[clean]\nlower = true", "clean-text has no option 'clean'"),
    ("text = 'a'", "clean-text has no option 'text'"),
    ("lower = 1", "lower = 1 does not fit; wanted: true or false"),
    ("lower = 'no'", "wanted: true or false"),
    ("replace_with_url = true", "a text in quotes"),
    ("no_urls = true\nreplace_with_url = '\\1'", "without backslashes"),
    ('replace_with_url = "\\u0000"', "a text in quotes"),
    ("lang = 'xx'", "wanted: one of en, de"),
    ("exceptions = ['(']", "a list of regular expressions"),
    ("exceptions = 'a'", "a list of regular expressions"),
    ("exceptions = [1]", "a list of regular expressions"),
    ("lower", "is not TOML"),
    ("lower = true\nlower = true", "is not TOML"),
]


@pytest.mark.parametrize(("text", "says"), MISTAKES)
def test_mistakes_in_a_file_name_it(tmp_path: Path, text: str, says: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UserError, match=re.escape(says)) as error:
        choose_cleaning(path)
    assert str(error.value).startswith(path)


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ("notebok", "did you mean 'notebook'?"),
        ("nowhere.toml", "there is no file nowhere.toml"),
        ("a.csv", "neither"),
    ],
)
def test_an_unknown_cleaning(choice: str, says: str) -> None:
    with pytest.raises(UserError, match=re.escape(says)):
        choose_cleaning(choice)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "options.toml").write_bytes(b"lower = \xff")
    with pytest.raises(UserError, match="is not TOML"):
        choose_cleaning(str(tmp_path / "options.toml"))
