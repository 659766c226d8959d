"""A stand-in for the hub on loopback: what its client asks of it, and some ways to fail."""

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"
_PATH = re.compile(r"/(?P<repository>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<name>[^?]+)")


@dataclass
class Hub:
    """What it serves, by "OWNER/NAME/FILE", and what it was asked.

    cut_at: after so many bytes of a file it drops the connection, and then answers 503. digest:
    what it says the sha256 of every file is, where that is not so.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    cut_at: int = 0
    digest: str = ""
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    endpoint: str = ""
    failing: bool = False


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """Serve on a free port of 127.0.0.1 for as long as the block runs."""

    class Handler(_Handler):
        served = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: Hub

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, *, body: bool) -> None:
        hub = self.served
        hub.asked.append((self.command, self.path, self.headers.get("Range", "")))
        found = _PATH.fullmatch(self.path)
        content = hub.files.get(f"{found['repository']}/{found['name']}") if found else None
        if content is None:
            self._fail(404, "EntryNotFound")
        elif hub.failing and body:
            self._fail(503, "")
        else:
            self._serve(content, body=body)

    def _serve(self, content: bytes, *, body: bool) -> None:
        hub = self.served
        digest = hub.digest or hashlib.sha256(content).hexdigest()
        start = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        first = int(start[1]) if start else 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - first))
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", '"none"')
        self.send_header("X-Linked-Etag", json.dumps(digest))
        self.send_header("X-Linked-Size", str(len(content)))
        self.end_headers()
        if body and hub.cut_at:
            self.wfile.write(content[first : hub.cut_at])
            hub.cut_at, hub.failing = 0, True
            self.close_connection = True
        elif body:
            self.wfile.write(content[first:])

    def _fail(self, status: int, code: str) -> None:
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", "0")
        self.end_headers()
