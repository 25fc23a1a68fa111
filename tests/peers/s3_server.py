"""An S3-protocol server (moto's) on loopback, in a process and an environment of its own."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
BUCKET = "features"


@contextmanager
def running(**settings: str) -> Iterator[dict[str, str]]:
    """Run the server with an empty bucket; yields the variables with which a client finds it.

    Args:
        settings: more environment variables for the server.
    """
    environment = {**os.environ, "PYTHON": sys.executable}
    subprocess.run([str(ROOT / "tests/peers/object_store.sh")], check=True, env=environment)
    port = free_port()
    line = [str(ROOT / ".venv-peers-s3/bin/python"), "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(line, stdout=quiet, stderr=quiet, env=os.environ | settings) as server:
        try:
            endpoint = f"http://127.0.0.1:{port}"
            _wait(server, port)
            put = urllib.request.Request(f"{endpoint}/{BUCKET}", method="PUT")
            urllib.request.urlopen(put, timeout=30).close()
            yield client(endpoint)
        finally:
            server.kill()


def client(endpoint: str) -> dict[str, str]:
    """Variables with which a client finds a server."""
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    return {"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1", **keys}


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(server: "subprocess.Popen[bytes]", port: int) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert server.poll() is None, "the server ended"
        time.sleep(0.1)
    raise AssertionError("the server does not answer")
