"""The web server of setup mode: microdot, with bounds on what a client may cost.

A connection is closed after 10 s, a fifth one at once. A request has at most 4096 bytes, and its
body 1024. What names another host, as the probes do by which a phone looks for the internet, is led
to the page; a form needs the token that only the page has, so no other site can send one.
"""

import asyncio
import os
from binascii import hexlify

from microdot import Microdot, Request, redirect  # type: ignore[import-not-found]  # without types
from micropython import const

from . import setup_page

PORT = const(80)
_MOST_CONNECTIONS = const(4)
_CONNECTION_MS = const(10_000)
_REQUEST_BYTES = const(4096)
_BODY_BYTES = const(1024)
_PIECE_BYTES = const(256)
_ADDRESS_KEYS = const(("address", "gateway", "dns"))
_POLICY = const(
    "default-src 'none'; style-src 'nonce-%s'; script-src 'nonce-%s'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class BoundedReader:
    """What microdot reads of a stream. Raises ValueError if a request is too long or ends early."""

    def __init__(self, stream) -> None:
        self._stream = stream
        self._data = b""
        self._left_bytes = _REQUEST_BYTES

    async def readline(self) -> bytes:
        """The next line, with its end."""
        while b"\n" not in self._data:
            await self._read_more()
        return await self.readexactly(self._data.find(b"\n") + 1)

    async def readexactly(self, size: int) -> bytes:
        """The next bytes."""
        while len(self._data) < size:
            await self._read_more()
        data, self._data = self._data[:size], self._data[size:]
        return data

    async def _read_more(self) -> None:
        data = await self._stream.read(min(_PIECE_BYTES, self._left_bytes))
        if not data:
            raise ValueError("the request is too long, or not complete")
        self._left_bytes -= len(data)
        self._data += data


class SetupServer:
    """Serves the page of a SetupMode. address: its own, IPv4, as text."""

    def __init__(self, setup, address: str) -> None:
        self._setup = setup
        self._address = address
        self._token = hexlify(os.urandom(16)).decode()
        self._connections = 0
        Request.max_content_length = Request.max_body_length = _BODY_BYTES
        self._app = app = Microdot()
        app.before_request(self._check)
        app.get("/")(self._page)
        app.get("/state")(self._state)
        app.post("/")(self._act)
        app.errorhandler(404)(self._to_page)

    async def serve(self, stream, _writer) -> None:
        """Serve one connection, and close it. For asyncio.start_server."""
        self._connections += 1
        try:
            if self._connections <= _MOST_CONNECTIONS:
                await asyncio.wait_for_ms(self._answer(stream), _CONNECTION_MS)
        except Exception:
            pass  # a wrong request, a phone that is gone, or no memory: it costs this connection
        finally:
            self._connections -= 1
            await stream.wait_closed()

    async def _answer(self, stream) -> None:
        request = await Request.create(self._app, BoundedReader(stream), stream, None)
        if request is not None:
            response = await self._app.dispatch_request(request)
            await response.write(stream)

    def _check(self, request):
        if (request.headers.get("Host") or "").split(":")[0] != self._address:
            return self._to_page(request)
        return None

    def _to_page(self, _request):
        return redirect("http://%s/" % self._address)

    def _page(self, _request):
        self._setup.is_told = self._setup.is_done
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Cache-Control": "no-store",
            "Content-Security-Policy": _POLICY % (self._token, self._token),
        }
        return setup_page.pieces(self._setup, self._token, self._address), 200, headers

    def _state(self, _request):
        return "busy" if self._setup.is_busy else "idle", 200, {"Cache-Control": "no-store"}

    def _act(self, request):
        """Do what the button of the page's form says."""
        try:
            form = request.form or {}
        except ValueError:  # not in UTF-8
            form = {}
        if form.get("token") != self._token:
            return "", 403
        if not (self._setup.is_busy or self._setup.is_done):
            if "forget" in form:
                self._setup.forget(form["forget"])
            else:
                self._setup.begin(None if "scan" in form else self._network(form))
        return redirect("/", 303)

    def _network(self, form) -> dict:
        """The network in the form, not checked yet. A field without "=" has empty bytes."""
        other = (form.get("other") or "").strip()
        network = {key: form[key].strip() for key in _ADDRESS_KEYS if form.get(key)}
        network["ssid"] = other or form.get("ssid") or ""
        network["password"] = form.get("password") or ""
        network["hidden"] = other != "" and other not in [one[0] for one in self._setup.found]
        return network
