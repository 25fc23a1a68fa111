"""The command lines of `python -m cache`."""

import pytest

from headstart.cache.inspect.options import COMMAND_LINES


@pytest.mark.parametrize(
    ("command", "arguments", "fields"),
    [
        ("list", [], {"cache_dir": "features"}),
        ("show", ["--cache-dir", "a"], {"cache": None, "cache_dir": "a"}),
        ("verify", ["a/b", "--fast"], {"cache": "a/b", "cache_dir": "features", "full": False, "fast": True}),
        ("repair", ["a"], {"cache": "a", "extract": []}),
        ("repair", ["a", "--", "--data", "b c.csv"], {"cache": "a", "extract": ["--data", "b c.csv"]}),
        ("remove", ["a", "--yes"], {"cache": "a", "yes": True}),
    ],
)
def test_a_command_line_fills_its_settings(
    command: str, arguments: list[str], fields: dict[str, object]
) -> None:
    settings = COMMAND_LINES[command].parse(arguments)[0]
    assert {name: getattr(settings, name) for name in fields} == fields


def test_what_is_deleted_has_to_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        COMMAND_LINES["remove"].parse([])
    assert "the following arguments are required: cache" in capsys.readouterr().err
