"""A hub on 127.0.0.1 that serves small models, and misbehaves as it is told: it cuts, lies, refuses and waits."""

from __future__ import annotations

import hashlib
import json
import random
import struct
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from urllib.parse import unquote, urlsplit

MODEL = "tester/tiny-model"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
WEIGHTS = "model.safetensors"
LFS_FROM_BYTES = 100_000


def safetensors(values: int = 300_000, seed: int = 1, name: str = "weight") -> bytes:
    """A whole safetensors file with one tensor of `values` bytes."""
    header = json.dumps({name: {"dtype": "U8", "shape": [values], "data_offsets": [0, values]}}).encode()
    return struct.pack("<Q", len(header)) + header + random.Random(seed).randbytes(values)


def tiny_model() -> dict[str, bytes]:
    """The files of a model, with some that no reading needs."""
    return {
        "config.json": json.dumps({"model_type": "llava", "auto_map": {"AutoModel": "code.Model"}}).encode(),
        "tokenizer.json": b'{"version": "1.0"}',
        "LICENSE": b"Use it well.",
        "README.md": b"# Tiny",
        "code.py": b"raise SystemExit('never run')",
        "pytorch_model.bin": b"a pickle",
        "onnx/model.onnx": b"another engine's",
        WEIGHTS: safetensors(),
    }


@dataclass
class Conduct:
    """How one answer for a file goes wrong. `body` replaces the bytes; the answer is cut after `cut_after` bytes of
    what was asked for; with `wait_for` it pauses there until the event is set, then closes; `redirect` sends to another
    hub."""

    status: int = 0
    error_code: str = ""
    body: bytes | None = None
    cut_after: int | None = None
    ignore_range: bool = False
    wrong_range: bool = False
    redirect: str = ""
    wait_for: threading.Event | None = None


@dataclass
class Hub:
    """What the server serves, and what it was asked: (path, Range header) of each request, in order."""

    url: str = ""
    models: dict[str, dict[str, bytes]] = field(default_factory=lambda: {MODEL: tiny_model()})
    commit: str = COMMIT
    licence: str | None = "apache-2.0"
    metadata: Conduct = field(default_factory=Conduct)
    metadata_changes: dict[str, object] = field(default_factory=dict)
    conducts: dict[str, list[Conduct]] = field(default_factory=lambda: defaultdict(list))
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    reached_wait: threading.Event = field(default_factory=threading.Event)

    def asked_for(self, name: str) -> list[str | None]:
        """The Range headers of the requests for a file."""
        return [sent for path, sent in self.requests if path.endswith("/" + name)]

    def describe(self, model_id: str) -> dict[str, object]:
        siblings = [_sibling(name, data) for name, data in self.models[model_id].items()]
        card = {"license": self.licence} if self.licence else {}
        return {"id": model_id, "sha": self.commit, "gated": False, "siblings": siblings, "cardData": card}


def _sibling(name: str, data: bytes) -> dict[str, object]:
    sibling: dict[str, object] = {"rfilename": name, "size": len(data)}
    if len(data) >= LFS_FROM_BYTES:
        sibling["blobId"] = "ff" * 20
        sibling["lfs"] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "pointerSize": 134}
    else:
        sibling["blobId"] = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    return sibling


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.requests.append((path, self.headers.get("Range")))
        self.hub.tokens.append(self.headers.get("Authorization"))
        if path.startswith("/api/models/"):
            self._metadata(path.removeprefix("/api/models/").split("/revision/")[0])
        else:
            model_id, _, name = path.strip("/").partition(f"/resolve/{self.hub.commit}/")
            self._file(self.hub.models[model_id][name], self._conduct(name))

    def _conduct(self, name: str) -> Conduct:
        waiting = self.hub.conducts[name]
        return waiting.pop(0) if waiting else Conduct()

    def _metadata(self, model_id: str) -> None:
        conduct = self.hub.metadata
        if conduct.status or model_id not in self.hub.models:
            self._refuse(conduct.status or 404, conduct.error_code)
            return
        described = self.hub.describe(model_id) | self.hub.metadata_changes
        self._answer(200, conduct.body or json.dumps(described).encode(), {"Content-Type": "application/json"})

    def _file(self, data: bytes, conduct: Conduct) -> None:
        if conduct.status:
            self._refuse(conduct.status, conduct.error_code)
            return
        if conduct.redirect:
            self._answer(302, b"", {"Location": conduct.redirect + self.path})
            return
        data = conduct.body if conduct.body is not None else data
        sent = self.headers.get("Range")
        start = int(sent.removeprefix("bytes=").removesuffix("-")) if sent and not conduct.ignore_range else 0
        if start >= len(data) > 0:
            self._refuse(416, "")
            return
        shown = start + 7 if conduct.wrong_range else start
        headers = {"Content-Range": f"bytes {shown}-{len(data) - 1}/{len(data)}"} if start else {}
        self._answer(206 if start else 200, data[start:], headers, conduct)

    def _refuse(self, status: int, error_code: str) -> None:
        self._answer(status, b"{}", {"X-Error-Code": error_code} if error_code else {})

    def _answer(self, status: int, body: bytes, headers: dict[str, str], conduct: Conduct | None = None) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        cut = conduct.cut_after if conduct is not None else None
        self.wfile.write(body[:cut])
        self.wfile.flush()
        if conduct is not None and conduct.wait_for is not None:
            self.hub.reached_wait.set()
            conduct.wait_for.wait(60)
        self.close_connection = True


class _Server(ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that left is what some tests are about."""


@contextmanager
def running_hub() -> Iterator[Hub]:
    """The server, in a thread of this process, on a free port."""
    hub = Hub()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
