"""Jinja's templates, and how data are shown in them: as text, whatever they say."""

import base64
import hashlib
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

NOTHING = "\u2013"  # a dash
ODD = re.compile(r"[^\n\t -~]")


def visible(value: Any) -> Any:
    """Text whose control and format characters, which could reorder or hide what follows, are U+FFFD; markup stays."""
    return value if hasattr(value, "__html__") else ODD.sub(_seen, str(value))


def _seen(letter: re.Match[str]) -> str:
    return "\ufffd" if unicodedata.category(letter[0]) in ("Cc", "Cf", "Cs") else letter[0]


def number(value: float | int | None, digits: int = 4) -> str:
    """A number, or a dash where there is none."""
    return NOTHING if value is None else f"{value:z,.{digits}f}"


def interval(ends: Any, sign: str = "") -> str:
    """Both ends of an `Estimate` or a `Pair`, or a dash."""
    return NOTHING if ends.low is None else f"{ends.low:{sign}z.3f} to {ends.high:{sign}z.3f}"


def sha256(content: str) -> str:
    """What a page's policy calls a style or script that a browser may use."""
    return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def fill(template: str, **values: Any) -> str:
    """Fill in a template, `train/<template>.html`; what is no markup is escaped, and the result is markup."""
    from markupsafe import Markup

    return Markup(_environment().get_template(f"{template}.html").render(values))


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parents[2]),
        autoescape=True,
        finalize=visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "interval": interval, "sha256": sha256}
    return environment
