"""The page of setup mode, for a browser here instead of a phone on the board's Wi-Fi."""

from __future__ import annotations

import http.client
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tools.virtual_board.ports import BoardPorts

_DEVICE = "192.168.4.1"  # the board's address in its own Wi-Fi
_HTTP = 80
_LONGEST_S = 30
_LOOK_S = 0.1  # until `close` is noticed
_LARGEST_BYTES = 1 << 16
_NOT_THERE = (
    b"<!doctype html><title>Not in setup mode</title><p>The device is not in setup mode, or not "
    b"yet. It opens it where it knows no network, or when its button is held while its light "
    b"flashes once or twice, again and again."
)


class SetupPage:
    """Forwards what comes to `url` to the board's server, as if it came over its Wi-Fi.

    environment: what the board needs for that.
    """

    def __init__(self) -> None:
        self._ports = BoardPorts({_HTTP: socket.SOCK_STREAM})
        self.environment = self._ports.environment
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.board_port = self._ports.at[_HTTP]
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, args=(_LOOK_S,), daemon=True).start()

    def close(self) -> None:
        """Forward nothing more."""
        self._server.shutdown()
        self._server.server_close()
        self._ports.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    board_port = 0

    def handle_error(self, *_: object) -> None:
        """A browser that has gone, or garbage: it costs its connection."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """Forward it. A foreign Host stays: what that brings is the board's to say."""
        here = f"127.0.0.1:{self.server.server_port}"
        host = self.headers.get("Host", "")
        size = min(int(self.headers.get("Content-Length") or 0), _LARGEST_BYTES)
        kept = {name: self.headers[name] for name in ("Content-Type",) if name in self.headers}
        headers = {"Host": _DEVICE if host == here else host, **kept}
        board = http.client.HTTPConnection("127.0.0.1", self.server.board_port, timeout=_LONGEST_S)
        try:
            board.request(self.command, self.path, self.rfile.read(size) or None, headers)
            answer = board.getresponse()
            status, body = answer.status, answer.read()
            told = dict(answer.getheaders())
        except (OSError, http.client.HTTPException):
            status, body, told = 503, _NOT_THERE, {"Content-Type": "text/html", "Refresh": "2"}
        finally:
            board.close()
        self.send_response(status)
        for name, value in {**told, "Content-Length": str(len(body))}.items():
            self.send_header(name, value.replace(f"http://{_DEVICE}/", f"http://{here}/"))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""
