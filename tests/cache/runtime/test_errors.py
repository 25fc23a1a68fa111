"""How a command ends, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAD = """
import sys
from headstart.cache.runtime.errors import CacheError, UserError, exit_code

def main():
    {body}

sys.exit(exit_code(main))
"""


def run(body: str, tmp_path: Path, command: str = "{}") -> subprocess.CompletedProcess[str]:
    """Run a command's `main`; `command` is a line of the shell in which {} stands for it."""
    script = tmp_path / "command.py"
    script.write_text(HEAD.format(body=body))
    line = command.format(f"{sys.executable} {script}")
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, env=environment)


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        ("pass", 0, ""),
        ("sys.exit(3)", 3, ""),
        ("raise UserError('no such file')", 2, "error: no such file\n"),
        ("raise CacheError('two', 'lines\\x1b[A')", 2, "error: two\nlines\\x1b[A\n"),
        ("raise CacheError('one\\nline\\u202e\\x1b[A')", 2, "error: one\\nline\\u202e\\x1b[A\n"),
        ("raise UserError('a', 'b\\r\\u2028\\x85')", 2, "error: a\nb\\r\\u2028\\x85\n"),
        ("raise OSError('one\\nerror: line')", 2, "error: one\\nerror: line\n"),
        ("open('/no/such/file')", 2, "error: [Errno 2] No such file or directory: '/no/such/file'\n"),
        ("raise MemoryError", 2, "error: MemoryError\n"),
    ],
)
def test_a_mistake_is_told_and_is_2(body: str, code: int, says: str, tmp_path: Path) -> None:
    done = run(body, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", says)


def test_a_bug_keeps_its_traceback(tmp_path: Path) -> None:
    bug = run("[].pop()", tmp_path)
    assert bug.returncode == 1
    assert "IndexError: pop from empty list" in bug.stderr


def test_what_was_said_before_an_error_comes_before_it(tmp_path: Path) -> None:
    done = run("print('at work'); raise UserError('no')", tmp_path, "{} 2>&1")
    assert done.stdout == "at work\nerror: no\n"


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    done = run(
        "[print('line', flush=True) for _ in range(100_000)]",
        tmp_path,
        "{} | head -1; exit ${{PIPESTATUS[0]}}",
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "line\n", "")


def test_messages_that_nobody_reads_are_no_work_done(tmp_path: Path) -> None:
    body = "[print('line', file=sys.stderr, flush=True) for _ in range(100_000)]"
    done = run(body, tmp_path, "{} 2>&1 >/dev/null | head -1; exit ${{PIPESTATUS[0]}}")
    assert (done.returncode, done.stdout) == (2, "line\n")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1:strict", "utf-8:strict"])
def test_characters_that_the_output_lacks_are_escaped(tmp_path: Path, encoding: str) -> None:
    body = "print(chr(0x1F600), chr(0xDCE9)); raise UserError('no ' + chr(0x4E2D))"
    ended = run(body, tmp_path, f"PYTHONIOENCODING={encoding} {{}}")
    assert ended.returncode == 2
    assert ended.stdout.endswith("\\udce9\n")
    assert ended.stdout.startswith("\U0001f600" if encoding.startswith("utf") else "\\U0001f600")
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("platforms", "says"), [("nonsense,cpu", "'nonsense'"), ("cuda,no", "'no'"), ("CPU", "'CPU'")]
)
def test_a_platform_that_jax_does_not_have(tmp_path: Path, platforms: str, says: str) -> None:
    body = f"import os; os.environ['JAX_PLATFORMS'] = '{platforms}'; import jax; jax.local_devices()"
    found = run(body, tmp_path)
    assert found.returncode == 2
    assert found.stderr.startswith(
        f"error: JAX_PLATFORMS is '{platforms}', but Unable to initialize backend {says}"
    )
    assert found.stderr.count("\n") == 1
