"""A worker's side of the talk with `tests/peers/talk.py`: one JSON line asks, one JSON line answers."""

import json
import sys
from collections.abc import Callable
from typing import Any

MARK = "answer:"  # libraries print to standard output, too; only marked lines are answers


def serve(**commands: Callable[..., dict[str, Any]]) -> None:
    """Answer until standard input ends; waiting costs no processor time."""
    say({"ready": True})
    for line in sys.stdin:
        command, arguments = json.loads(line)
        say(commands[command](**arguments))


def say(answer: dict[str, Any]) -> None:
    print(MARK + json.dumps(answer), flush=True)
