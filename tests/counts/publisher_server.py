"""A publisher's site on this machine: pages and files by path,
well or badly behaved, and a record of what was asked. Real sockets.
"""

from __future__ import annotations

import gzip
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Reply = Callable[[BaseHTTPRequestHandler], None]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        # A client that refuses an answer hangs up amid it; that is no error of the site's, and its output is the
        # command's alone.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Publisher:
    """`replies`: path -> how it is answered;
    a list is used up one by one, its last for good. `asked`: (path, headers) in order.
    """

    def __init__(self) -> None:
        self.replies: dict[str, Reply | list[Reply]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.over = threading.Event()
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                reply = site.replies.get(self.path, answers(404, b"not here"))
                if isinstance(reply, list):
                    reply = reply.pop(0) if len(reply) > 1 else reply[0]
                try:
                    reply(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def log_message(self, *words: object) -> None:
                pass

        self.server = _Server(("127.0.0.1", 0), Handler)
        self.root = f"http://127.0.0.1:{self.server.server_port}"

    def paths(self) -> list[str]:
        """What was asked, without robots.txt."""
        return [path for path, _ in self.asked if path != "/robots.txt"]

    def links(self, *targets: str, at: str = "/stats") -> str:
        """Put a page with these links there; gives its address."""
        anchors = "".join(f'<li><a class="file" href="{target}">Download</a></li>' for target in targets)
        page = f"<!DOCTYPE html><html><body><p>As of July 2026</p><ul>{anchors}</ul></body></html>"
        self.replies[at] = answers(200, page.encode(), content_type="text/html; charset=utf-8")
        return self.root + at


@contextmanager
def publisher() -> Iterator[Publisher]:
    """A site that answers until the end of the block."""
    site = Publisher()
    thread = threading.Thread(target=site.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.over.set()
        site.server.shutdown()
        site.server.server_close()
        thread.join()


def answers(
    status: int, body: bytes = b"", *, length: int | None = None, content_type: str = "text/csv", **headers: str
) -> Reply:
    """An answer that announces `length` bytes (its own, if not given). Names of headers with `_` for `-`."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", content_type)
        if status != 304:
            handler.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)
        if length is not None:
            handler.close_connection = True

    return reply


def redirects(target: str, status: int = 302) -> Reply:
    """A redirect."""
    return answers(status, Location=target)


def unannounced(body: bytes) -> Reply:
    """An answer that tells its end by closing the connection."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = True

    return reply


def endless(site: Publisher, piece: bytes = b"x", every: float = 0.05, headers_too: bool = False) -> Reply:
    """Drips for ever: the content, or the headers themselves."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        if not headers_too:
            handler.wfile.write(b"Connection: close\r\n\r\n")
        while not site.over.is_set():
            handler.wfile.write(b"X-Drip: 1\r\n" if headers_too else piece)
            handler.wfile.flush()
            time.sleep(every)

    return reply


def silent(site: Publisher) -> Reply:
    """Never answers."""
    return lambda _: site.over.wait() and None


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    """Closes the connection without a word."""
    handler.close_connection = True


def gzipped(body: bytes, cut: int = 0) -> Reply:
    """A packed answer, without its last `cut` bytes."""
    packed = gzip.compress(body)
    return answers(200, packed[: len(packed) - cut], Content_Encoding="gzip")
