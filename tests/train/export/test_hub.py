"""The card in the hub's terms, and the upload, against a server of the test's own."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import huggingface_hub.utils
import pytest
from huggingface_hub import ModelCard

from headstart.cache import UserError
from headstart.cache.runtime.text import printable
from headstart.train.export.hub import metadata, push, require_name
from headstart.train.export.model_card import Program, card
from tests.train.results.run_before import BEFORE, trained_head

names = ("reset_sessions", "close_session")  # up to 0.36, and since
forget_sessions = next(
    getattr(huggingface_hub.utils, one) for one in names if hasattr(huggingface_hub.utils, one)
)


def head_from(**source: str) -> Any:
    return trained_head(cache=BEFORE["cache"] | {"source": BEFORE["cache"]["source"] | source})


def text_of(head: Any) -> str:
    return card(head, "a title", [], Program(exact=True, texts=4, difference=1.5e-7), metadata(head, "mit"))


def test_the_card_is_the_hub_s() -> None:
    head = head_from(data="hf:someone/comments", backbone_argument="google/bert_uncased_L-2_H-128_A-2")
    data = ModelCard(text_of(head)).data
    assert (data.license, data.base_model, data.datasets) == (
        "mit",
        "google/bert_uncased_L-2_H-128_A-2",
        "someone/comments",
    )
    assert data.pipeline_tag == "text-classification"
    accuracy = next(result for result in data.eval_results if result.metric_type == "accuracy")
    measured = BEFORE["statistics"]["metrics"]["avg"]["accuracy"]
    assert accuracy.metric_value == round(measured["mean"], 4)
    assert accuracy.metric_name == f"accuracy, 95 % interval {measured['low']:.4f} to {measured['high']:.4f}"
    assert accuracy.dataset_split == "test"


def test_what_the_hub_does_not_know_is_left_out() -> None:
    for backbone in ("../mine", "/home/me/model", "mine", "a/b/c"):
        data = metadata(head_from(data="mine.csv", backbone_argument=backbone), None)
        assert (data.license, data.base_model, data.datasets) == (None, None, None)
    data = ModelCard(text_of(head_from(data="x: [1]\n- y #", backbone_argument="minilm"))).data
    assert data.base_model == "sentence-transformers/all-MiniLM-L6-v2"
    assert data.eval_results[0].dataset_name == "x: [1]\\n- y #"


@pytest.mark.parametrize("name", ["caf\udce9.csv", "\x1b[2J\u202e", "a\n---\n# b", "a\r\n...\n"])
def test_any_name_is_data_for_the_hub(name: str) -> None:
    text = text_of(head_from(data=name, backbone=name))
    assert text.encode().decode() == text
    assert [line for line in text.splitlines() if not line.isprintable() or line == "..."] == []
    assert text.splitlines().count("---") == 2
    assert ModelCard(text).data.eval_results[0].dataset_name == printable(name)


@pytest.mark.parametrize(
    "name", ["model", "a/b/c", "a/", "/b", "a b/c", "../x/y", "a/..", "a/b--c", "ü/b", "a/b\n"]
)
def test_only_owner_and_name_name_a_repository(name: str) -> None:
    with pytest.raises(UserError, match="is no OWNER/NAME"):
        require_name(name)


class Hub(ThreadingHTTPServer):
    """Takes small files; answers every request with `status` if it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.status = 200
        self.made: list[dict[str, Any]] = []
        self.files: dict[str, bytes] = {}

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.status != 200:
            return self._say(self.server.status, {"error": "no"})
        if self.path == "/api/repos/create":
            self.server.made.append(json.loads(body))
            return self._say(200, {"url": f"{self.server.address}/me/model"})
        if self.path == "/api/validate-yaml":
            return self._say(200, {"errors": [], "warnings": []})
        if "/preupload/" in self.path:
            files = [
                {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                for file in json.loads(body)["files"]
            ]
            return self._say(200, {"files": files})
        assert "/commit/" in self.path
        for line in map(json.loads, body.splitlines()):
            if line["key"] == "file":
                self.server.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
        return self._say(
            200, {"commitOid": "0" * 40, "commitUrl": f"{self.server.address}/me/model/commit/{'0' * 40}"}
        )

    def do_GET(self) -> None:
        self._say(self.server.status, {"id": "me/model", "siblings": []})

    def _say(self, status: int, content: Any) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with Hub() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", server.address)
        monkeypatch.setenv("HF_TOKEN", "hf_not_a_real_one")
        forget_sessions()  # one that another test opened offline would stay so
        yield server
        server.shutdown()


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    folder = tmp_path / "exported"
    folder.mkdir()
    (folder / "README.md").write_text("# a card")
    (folder / "head.safetensors").write_bytes(bytes(range(256)))
    return folder


def test_a_folder_is_uploaded_to_a_private_repository(hub: Hub, exported: Path) -> None:
    assert push(str(exported), "me/model") == f"{hub.address}/me/model"
    assert [
        (made["name"], made["organization"], made.get("private", made.get("visibility") == "private"))
        for made in hub.made
    ] == [("model", "me", True)]
    assert hub.files == {path.name: path.read_bytes() for path in exported.iterdir()}


@pytest.mark.parametrize(
    ("status", "says"),
    [(401, "token is missing or not valid"), (403, "may not write there"), (500, "500")],
)
def test_a_refusal_is_told_in_a_line_and_the_folder_stays(
    hub: Hub, exported: Path, status: int, says: str
) -> None:
    hub.status = status
    with pytest.raises(UserError) as raised:
        push(str(exported), "me/model")
    assert says in str(raised.value)
    assert f"`hf upload me/model {exported}`" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(list(exported.iterdir())) == 2


def test_no_network_is_told_in_a_line(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_TOKEN", "hf_not_a_real_one")
    with pytest.raises(UserError, match="was not uploaded"):
        push(str(exported), "me/model")
