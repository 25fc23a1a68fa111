r"""Twins of those expressions of clean-text that take quadratic or exponential time on some texts; these are linear.

Each has the method `sub(replacement, text)` of a compiled expression and gives what the original gives for every text
(the tests hold the original beside it): what is never another way to match is not tried, and no part of a text is read
again for every place at which a match could begin.

In the originals a host is `(H-?)*H+(\.(H-?)*H+)*\.H{2,}`. Nothing in it matches a dot but the dots, so each label
must reach to the next one, and only one way of dividing it need be tried; and of two places in the same labels, the
later one finds a host only if the earlier one does.
"""

import itertools
import re
from collections.abc import Iterator

_FLAGS = re.UNICODE | re.IGNORECASE
_H = r"[a-z\\u00a1-\\uffff0-9]"  # as in clean-text: no range of Unicode, as was meant, but also :;<=>?@[\
_LABEL = f"{_H}++(?:-{_H}++)*+"
_LABELS = re.compile(rf"{_LABEL}(?:\.{_LABEL})*+", _FLAGS)
_TOP = re.compile(rf"\.{_H}{{2,}}+", _FLAGS)

_PROTOCOL = re.compile(r"(?<![\w/.])(?:https?://|ftp://|www\d{0,3}\.)", _FLAGS)
_ADDRESS = (
    r"(?!(?:10|127)(?:\.\d{1,3}){3})"
    r"(?!(?:169\.254|192\.168)(?:\.\d{1,3}){2})"
    r"(?!172\.(?:1[6-9]|2\d|3[0-1])(?:\.\d{1,3}){2})"
    r"(?:[1-9]\d?|1\d\d|2[01]\d|22[0-3])"
    r"(?:\.(?:1?\d{1,2}|2[0-4]\d|25[0-5])){2}"
    r"(?:\.(?:[1-9]\d?|1\d\d|2[0-4]\d|25[0-4]))"
)
_IP = re.compile(_ADDRESS, _FLAGS)
_LOCALHOST = re.compile("localhost", _FLAGS)
_AT_SHORT_HOST = re.compile(f"@(?:{_ADDRESS}|localhost)", _FLAGS)
_REST = re.compile(r"(?::\d{2,5})?(?:/[^)\]}\s]*+)?", _FLAGS)
_NO_BLANK = re.compile(r"\S*+", _FLAGS)

_LOCAL_PART = re.compile(r"(?<![\w@.)])[\w+-](?:\.?[\w+-])*+", _FLAGS)
_AT = re.compile(r"@|[(<{\[]at[)>}\]]", _FLAGS)

_BACKTICKS = re.compile("`+")
_LINE_OF_FENCE = re.compile(r"\w*+\n")
_INLINE_CODE = re.compile("`[^`\n]++`")

NUMBERS = (r"(\d+(?=[a-zA-Z]))", r"((?<!\d)\d++(?=[a-zA-Z]))")
"""A part of clean-text's expression for numbers, and its twin: where the first digit fails, so do the others."""


class _Hosts:
    """Ends of the host names in a text, asked for from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._failed = range(0)

    def end(self, start: int) -> int | None:
        """Where the host name that begins here ends."""
        if start in self._failed:
            return None
        labels_end, dot = self.labels(start)
        if dot < 0:
            self._failed = range(start, labels_end)
            return None
        return self._top(dot)

    def labels(self, start: int) -> tuple[int, int]:
        """Where the labels that begin here end, and the last dot that a top-level domain follows, or -1."""
        if (labels := _LABELS.match(self._text, start)) is None:
            return start, -1
        dot = self._text.rfind(".", start, labels.end())
        while dot >= 0 and not _TOP.match(self._text, dot):
            dot = self._text.rfind(".", start, dot)
        return labels.end(), dot

    def last_at(self, start: int, stop: int) -> int:
        """The last `@` of a range with a host behind it, or -1."""
        last = max((short.start() for short in _AT_SHORT_HOST.finditer(self._text, start, stop)), default=-1)
        at = self._text.find("@", start, stop)
        while at >= 0:
            labels_end, dot = self.labels(at + 1)
            if dot >= 0:
                last = max(last, self._last_in_labels(at, dot))
            at = self._text.find("@", max(labels_end, at + 1), stop)
        return last

    def _last_in_labels(self, at: int, dot: int) -> int:
        """The last `@` with a label behind it, of those before a dot; at the first one there is a label."""
        last = self._text.rfind("@", at, dot)
        while self._text[last + 1] in "-.":
            last = self._text.rfind("@", at, last)
        return last

    def _top(self, dot: int) -> int | None:
        top = _TOP.match(self._text, dot)
        return top.end() if top else None


class _UrlEnds:
    """Ends of the URLs in a text, asked for from left to right."""

    def __init__(self, text: str) -> None:
        self._text, self._hosts = text, _Hosts(text)
        self._stop = self._last_at = -1

    def end(self, start: int) -> int | None:
        """Where the URL ends whose protocol ends here; the user's name goes as far as it can."""
        if start > self._stop:
            blank = _NO_BLANK.match(self._text, start)
            self._stop = blank.end() if blank else start
            self._last_at = _Hosts(self._text).last_at(start, self._stop)
        host = self._host_end(self._last_at + 1 if self._last_at > start else start)
        rest = None if host is None else _REST.match(self._text, host)
        return rest.end() if rest else None

    def _host_end(self, start: int) -> int | None:
        if address := _IP.match(self._text, start):
            return address.end()
        if (end := self._hosts.end(start)) is not None:
            return end
        local = _LOCALHOST.match(self._text, start)
        return local.end() if local else None


class Urls:
    """Twin of `URL_REGEX`."""

    def sub(self, replacement: str, text: str) -> str:
        """Replace every URL."""
        return _replaced(text, replacement, self._spans(text))

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        urls, at = _UrlEnds(text), 0
        while protocol := _PROTOCOL.search(text, at):
            end = urls.end(protocol.end())
            if end is not None:
                yield protocol.start(), end
            at = protocol.end() if end is None else end


class Emails:
    """Twin of `EMAIL_REGEX`."""

    def sub(self, replacement: str, text: str) -> str:
        """Replace every e-mail address."""
        return _replaced(text, replacement, self._spans(text))

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        hosts, at = _Hosts(text), 0
        while local := _LOCAL_PART.search(text, at):
            sign = _AT.match(text, local.end())
            end = hosts.end(sign.end()) if sign else None
            if end is not None:
                yield local.start(), end
            at = local.end() if end is None else end


class Code:
    """Twin of `CODE_REGEX`: fences are closed by as many backticks as open them."""

    def sub(self, replacement: str, text: str) -> str:
        """Replace every piece of code."""
        return _replaced(text, replacement, self._spans(text))

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        runs = [run.span() for run in _BACKTICKS.finditer(text)]
        lengths = (stop - start for start, stop in reversed(runs))
        longest = [*itertools.accumulate(lengths, max, initial=0)][::-1]  # of the runs from each one on
        at = number = 0
        while number < len(runs):
            start, stop = max(at, runs[number][0]), runs[number][1]
            number += 1
            ticks = min(stop - start, longest[number])
            if ticks >= 3 and _LINE_OF_FENCE.match(text, stop):
                while runs[number][1] - runs[number][0] < ticks:
                    number += 1
                at = runs[number][0] + ticks
                yield stop - ticks, at
            elif start < stop and (inline := _INLINE_CODE.match(text, stop - 1)):
                at = inline.end()
                yield inline.span()


def _replaced(text: str, replacement: str, spans: Iterator[tuple[int, int]]) -> str:
    pieces, done = [], 0
    for start, stop in spans:
        pieces += [text[done:start], replacement]
        done = stop
    return "".join([*pieces, text[done:]])
