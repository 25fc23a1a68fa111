"""What a command does when it is asked to stop: each case in a process of its own, which asks itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAD = """
import contextlib, os, signal, sys, threading, time
from headstart.cache import UserError; from headstart.cache.runtime import signals
from headstart.cache.runtime.errors import exit_code

signals.AGAIN = 0.05

def ask(number=signal.SIGINT):
    os.kill(os.getpid(), number)

def wait():
    for _ in range(6000):
        time.sleep(0.01)
    print("never interrupted", flush=True)

"""
TAIL = """
sys.exit(exit_code(main, "all is well"))
"""
LINE = "\ninterrupted; all is well\n"


def run(body: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    script = tmp_path / "command.py"
    script.write_text(HEAD + body + TAIL)
    environment = {**os.environ, "PYTHONPATH": f"{os.getcwd()}:{tmp_path}"}
    return subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False, env=environment
    )


CASES = {
    "at once, by either signal": """
def main():
    ask(signal.SIGTERM)
    wait()
""",
    "swallowed by a destructor": """
class Careless:
    def __del__(self):
        ask()
        time.sleep(0.01)

def main():
    Careless()
    wait()
""",
    "swallowed by a library": """
def main():
    with contextlib.suppress(KeyboardInterrupt):
        ask()
        time.sleep(1)
    wait()
""",
    "made another error by a library": """
def main():
    try:
        ask()
        time.sleep(1)
    except KeyboardInterrupt:
        raise UserError("a process was killed") from None
""",
    "made a programmer's error by a library": """
def main():
    try:
        ask()
        time.sleep(1)
    except KeyboardInterrupt as error:
        raise RuntimeError("in a callback") from error
""",
    "a thread goes on": """
def main():
    threading.Thread(target=wait).start()
    ask()
    wait()
""",
    "again and again": """
def ask_often(main_thread=threading.get_ident()):
    for _ in range(100):
        signal.pthread_kill(main_thread, signal.SIGINT)
        time.sleep(0.001)

def main():
    threading.Thread(target=ask_often).start()
    wait()
""",
}


@pytest.mark.parametrize("body", CASES.values(), ids=CASES)
def test_one_line_and_130(body: str, tmp_path: Path) -> None:
    done = run(body, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", LINE)


def test_what_is_being_closed_is_closed_in_peace(tmp_path: Path) -> None:
    done = run(
        """
@contextlib.contextmanager
def held():
    try:
        yield
    finally:
        ask()
        time.sleep(0.3)
        print("given back")

def main():
    with held():
        ask()
        wait()
""",
        tmp_path,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "given back\n", LINE)


def test_who_asks_again_later_does_not_wait(tmp_path: Path) -> None:
    done = run(
        """
signals.PATIENCE = 0.1

def main():
    try:
        ask()
        wait()
    finally:
        time.sleep(0.2)
        print("closing")
        ask()
        wait()
""",
        tmp_path,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "closing\n", LINE)


def test_what_is_not_to_be_interrupted_is_ended_before(tmp_path: Path) -> None:
    done = run(
        """
def main():
    with signals.deferred():
        ask()
        time.sleep(0.3)
        print("started")
    wait()
""",
        tmp_path,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "started\n", LINE)


STALLED = """
os.set_blocking({number}, False)
with contextlib.suppress(BlockingIOError):
    while True:
        os.write({number}, bytes(4096))
os.set_blocking({number}, True)

def main():
    try:
        ask()
        wait()
    finally:
        sys.stdout.write("x" * 1000)
"""


@pytest.mark.parametrize("number", [1, 2])
def test_who_reads_no_longer_does_not_keep_it_alive(tmp_path: Path, number: int) -> None:
    script = tmp_path / "command.py"
    script.write_text(HEAD + STALLED.format(number=number) + TAIL)
    pipes = {"stdout" if number == 1 else "stderr": subprocess.PIPE}
    environment = {**os.environ, "PYTHONPATH": os.getcwd(), "PYTHONUNBUFFERED": ""}
    with subprocess.Popen([sys.executable, script], env=environment, **pipes) as process:
        assert process.wait(60) == 130


def test_an_import_is_ended_before(tmp_path: Path) -> None:
    (tmp_path / "slowly.py").write_text(
        "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(0.3)\nprint('imported')\n"
    )
    done = run("def main():\n    import slowly\n    wait()\n", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "imported\n", LINE)


def test_a_command_that_is_done_stays_done(tmp_path: Path) -> None:
    assert run("def main():\n    print('done')\n", tmp_path).stdout == "done\n"
    for ending in ("", "\n    raise UserError('no such file')"):
        done = run(f"import atexit\natexit.register(ask)\ndef main():\n    print('done'){ending}\n", tmp_path)
        assert (done.returncode, done.stdout) == (2 if ending else 0, "done\n")
        assert done.stderr == ("error: no such file\n" if ending else "")


def test_only_interruptions_are_swallowed_in_silence(tmp_path: Path) -> None:
    done = run(
        """
class Careless:
    def __del__(self):
        raise ValueError("in a destructor")

def main():
    Careless()
""",
        tmp_path,
    )
    assert done.returncode == 0
    assert "ValueError: in a destructor" in done.stderr
