"""A small Frame.io in memory: identity, health and the device socket, and when each was asked."""

import asyncio
import binascii
import hashlib
import json
import random

from pilotlight.net.errors import NetError
from tests.simulation.frameio_tokens import call_of, decoded
from tools.virtual_board.virtual_time import Clock

DEVICE_ID = "a7e95254-8cd6-4d59-b54d-28c58570a8de"
TOPIC = "devices:" + DEVICE_ID
_CALLS = {
    "/v2/devices/me": "identity",
    "/v2/devices/heartbeat": "http_heartbeat",
    "/health": "health",
    "/v2/devices/assets": "assets",
}
# What an answer has at least.
_NAMES = {
    "health": "ok",
    "identity": "id",
    "code": "device_code",
    "token": "access_token",
    "refresh": "access_token",
}
_BUFFER = bytearray(2048)


class Frameio:
    """The service. Its faults are plain attributes.

    paused: the truth. forbids: upgrades are answered with 403. accepts: the token is good.
    silent: the socket's messages are not answered. joins: answer to phx_join, `ok` or `error`.
    answers: REST works, else it is 503. idle_ms: a socket that is silent for so long is closed.
    limits: REST is answered with 429. hangs: REST is not answered.
    expires_at: of the authorization, for identity. tokens: a Tokens for a device that is paired;
    None: every token is good.
    delays_ms: what (as in `asked`) → how long its answers wait; an upgrade's token is judged after
    the wait. answered_with: what (as in `asked`) → (status, body), in place of the right answer.
    unanswered: what (as in `asked`) is never answered. loses_percent: so many REST requests in a
    hundred are reset without an answer. header: a header line for each 429 and 503, or b"".
    upgrade_status: with which all upgrades are answered, 0 for the right answer; with
    refuses_every_second each second one is, with 403. next_joins: answers to the next joins,
    `error` or `crash` (a phx_error in place of a reply); then `joins` counts. stray_closes: a
    second join of a socket is answered with ok, and then comes a phx_close for the old channel.
    kept_online_ms: when the device was last heard in a way that keeps it online at Frame.io.
    lost_refreshes: so many have found no answer since tokens were last refreshed.
    refused_ms, forbidden_ms: when a 401 was last sent, and a 403 to an upgrade. hint_ms: when an
    event was last pushed. on_request(what, token, socket): called for each REST request and upgrade
    when it arrives, with the device's Socket; or None.
    on_answer(what, status, body): called before each answer to a request, and to a join with ok; or
    None. on_limit(what, header): called when an answer that asks to wait has arrived; or None.
    assets: (status, body) for POST /v2/devices/assets, whose requests are in posted: (head, body).
    topics: of each join. asked: (virtual ms, what) of everything: `identity`, `health`, `upgrade`, `join`, `heartbeat`,
    `pong`, `close`, `idle`, `http_heartbeat`, `assets`; of Tokens `code`, `token`, `refresh`, `revoke`.
    """

    def __init__(self, tokens=None):
        self.tokens = tokens
        self.paused = False
        self.forbids = False
        self.accepts = True
        self.answers = True
        self.silent = False
        self.limits = False
        self.idle_ms = 60_000
        self.hangs = False
        self.device_id = DEVICE_ID
        self.joins = "ok"
        self.delays_ms = {}
        self.answered_with = {}
        self.unanswered = ()
        self.loses_percent = 0
        self.header = b""
        self.upgrade_status = 0
        self.refuses_every_second = False
        self.next_joins = []
        self.stray_closes = False
        self.expires_at = None
        self.kept_online_ms = self.hint_ms = Clock.now_ms
        self.refused_ms = self.forbidden_ms = -1
        self.lost_refreshes = 0
        self.on_request = self.on_answer = self.on_limit = None
        self.assets = 200, {}
        self.posted = []
        self.asked = []
        self.topics = []
        self._upgrades = 0
        self._sockets = []

    def times(self, what):
        """When that was asked."""
        return [ms for ms, kind in self.asked if kind == what]

    @property
    def online(self):
        """The panel's green dot."""
        return bool(
            [socket for socket in self._sockets if socket.joined and not socket.stream.closed]
        )

    def push(self, event, payload, ref=None, topic=TOPIC):
        """Push an event to the joined socket. phx_error and phx_close end its channel.

        With a ref: also to one that is not joined.
        """
        ends = event.startswith("phx_")
        self.hint_ms = Clock.now_ms
        for socket in self._sockets:
            if socket.joined or ends or ref:
                socket.send({"event": event, "payload": payload, "ref": ref, "topic": topic})
                socket.joined = socket.joined and not ends

    def send(self, opcode, data):
        """Send a frame of these bytes to the joined socket."""
        for socket in self._sockets:
            if socket.joined:
                socket.send_frame(opcode, data)

    def ping(self):
        """Ping the device, as Phoenix does not, but something in between may."""
        for socket in self._sockets:
            socket.send_frame(9, b"here?")

    def close_sockets(self, code):
        """Close frames for all."""
        for socket in self._sockets:
            socket.close(code)

    async def serve(self, stream):
        """Serve one connection."""
        try:
            await self._serve(stream)
        except NetError:
            stream.close()  # the device has gone

    async def _serve(self, stream):
        data = b""
        while not _is_whole(data):
            count = await stream.read(_BUFFER)
            if not count:
                return
            data += bytes(_BUFFER[:count])
        head, _, form = data.partition(b"\r\n\r\n")
        target = head.split(b" ")[1].decode()
        if target.startswith("/devices/websocket"):
            await self._upgrade(
                stream, head, decoded(target.partition("?Authorization=Bearer%20")[2])
            )
            return
        what = _CALLS.get(target) or call_of(target, form)
        self.asked.append((Clock.now_ms, what))
        if self.on_request:
            self.on_request(what, _secret_of(head, form), stream.other)
        if what == "refresh":
            self.lost_refreshes += 1
        if self.hangs or what in self.unanswered:
            await stream.read(_BUFFER)
        elif self.loses_percent and random.randrange(100) < self.loses_percent:
            stream.reset()
        else:
            answer = self._answer(what, head, form)
            await asyncio.sleep_ms(self.delays_ms.get(what, 0))
            if answer:
                if what == "refresh":
                    self.lost_refreshes = 0 if answer[0] == 200 else self.lost_refreshes - 1
                if what in ("identity", "http_heartbeat") and answer[0] in (200, 204):
                    self.kept_online_ms = Clock.now_ms
                self._respond(stream, what, *answer)
        stream.close()

    def _answer(self, what, head, form):
        if not self.answers:
            return 503, {"error": "unavailable"}
        if what in self.answered_with:
            return self.answered_with[what]
        if self.limits:
            return 429, {"error": "rate_limited"}
        if what == "health":
            return 200, {"ok": True}
        if what not in ("identity", "http_heartbeat", "assets"):
            return self.tokens.answer(what, form) if what and self.tokens else (404, {})
        if not self._is_good(
            head.partition(b"Authorization: Bearer ")[2].split(b"\r\n")[0].decode()
        ):
            return 401, {"error": "invalid_token"}
        if what == "http_heartbeat":
            return 204, None
        if what == "assets":
            self.posted.append((head, form))
            return self.assets
        status = "paused" if self.paused else "online"
        return 200, {
            "id": self.device_id,
            "status": status,
            "project": {"name": "Testbed"},
            "authorization": {"creator": {"name": "Ada"}, "expires_at": self.expires_at},
        }

    def _is_good(self, token):
        return self.accepts and (self.tokens is None or self.tokens.accepts(token))

    def _respond(self, stream, what, status, body):
        data = b"" if body is None else body if is_raw(body) else json.dumps(body).encode()
        header = self.header if status in (429, 503) else b""
        head = b"HTTP/1.1 %d X\r\n%sContent-Length: %d\r\n\r\n" % (status, header, len(data))
        is_refusal = status in (400, 401) and isinstance(body, dict)
        is_refusal = is_refusal and ("error" in body or "errors" in body)
        if status == 401:
            self.refused_ms = Clock.now_ms
        if self.on_answer:
            self.on_answer(what, status, body)
        is_proof = is_refusal or (200 <= status < 300 and _is_frameios(what, status, body))
        is_limit = header and self.on_limit
        on_arrival = (lambda: self.on_limit(what, header)) if is_limit else None
        stream.write_now(head + data, 0, len(head) + len(data), is_proof, on_arrival)

    async def _upgrade(self, stream, request, token):
        self.asked.append((Clock.now_ms, "upgrade"))
        if self.on_request:
            self.on_request("upgrade", token, stream.other)
        if "upgrade" in self.delays_ms:
            await asyncio.sleep_ms(self.delays_ms["upgrade"])
        self._upgrades += 1
        status = self.upgrade_status
        if (
            self.forbids
            or (self.refuses_every_second and self._upgrades % 2)
            or not self._is_good(token)
        ):
            status = status or 403
        if status:
            if status == 403:
                self.forbidden_ms = Clock.now_ms
            self._respond(stream, "upgrade", status, {})
            stream.close()
            return
        key = request.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
        accept = binascii.b2a_base64(
            hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        ).strip()
        head = (
            b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
            + accept
            + b"\r\n\r\n"
        )
        stream.write_now(head, 0, len(head), True)
        socket = _Socket(self, stream)
        self._sockets = [socket]
        watch = asyncio.create_task(socket.watch())
        try:
            await socket.run()
        finally:
            socket.joined = False
            watch.cancel()


def unmasked(key, data):
    """What a client has masked with these four bytes (RFC 6455 section 5.3), or the other way."""
    count = len(data)
    mask = (key * (count // 4 + 1))[:count]
    bits = int.from_bytes(data, "big") ^ int.from_bytes(mask, "big")
    return bits.to_bytes(count, "big")


def is_raw(body):
    """It is sent as it is, not as JSON."""
    return isinstance(body, bytes)


def _is_frameios(what, status, body):
    """This 2xx has what only Frame.io's has: a captive portal answers everything with 200."""
    if what in ("http_heartbeat", "upgrade"):
        return status == 204
    name = _NAMES.get(what)
    return isinstance(body, dict) and (name is None or isinstance(body.get(name), (str, bool)))


def _is_whole(data):
    """True for a head with as much of a body as it names."""
    head, end, body = data.partition(b"\r\n\r\n")
    return bool(end) and len(body) >= int(
        head.partition(b"Content-Length: ")[2].split(b"\r\n")[0] or b"0"
    )


def _secret_of(head, form):
    """The access or refresh token of a request, or ""."""
    bearer = head.partition(b"Authorization: Bearer ")[2].split(b"\r\n")[0]
    return (bearer or form.partition(b"refresh_token=")[2].split(b"&")[0]).decode()


class _Socket:
    def __init__(self, service, stream):
        self._service = service
        self.stream = stream
        self.joined = False
        self._joins = 0
        self._heard_ms = Clock.now_ms

    async def watch(self):
        """Close a socket that has been silent, as Phoenix does."""
        while not self.stream.closed:
            left_ms = self._service.idle_ms - (Clock.now_ms - self._heard_ms)
            if left_ms > 0:
                await asyncio.sleep_ms(left_ms)
                continue
            self._service.asked.append((Clock.now_ms, "idle"))
            self.close(1000)
            self.stream.close()

    def send(self, message):
        self.send_frame(1, json.dumps(message).encode(), True)

    def close(self, code):
        self.send_frame(8, bytes((code >> 8, code & 0xFF)))

    def send_frame(self, opcode, payload, is_proof=False):
        if self.stream.closed:
            return
        count = len(payload)
        if count < 126:
            head = bytes((0x80 | opcode, count))
        elif count < 0x10000:
            head = bytes((0x80 | opcode, 126, count >> 8, count & 0xFF))
        else:
            head = bytes((0x80 | opcode, 127, 0, 0, 0, 0)) + count.to_bytes(4, "big")
        try:
            self.stream.write_now(head + payload, 0, len(head) + count, is_proof)
        except NetError:
            pass  # the device has just gone: `run` sees it

    async def run(self):
        data = b""
        while True:
            count = await self.stream.read(_BUFFER)
            if not count:
                self.stream.close()
                return
            self._heard_ms = Clock.now_ms
            data += bytes(_BUFFER[:count])
            while len(data) >= 6:
                size = data[1] & 0x7F
                at = 2
                if size == 126:
                    size, at = data[2] << 8 | data[3], 4
                if len(data) < at + 4 + size:
                    break
                key, body = data[at : at + 4], data[at + 4 : at + 4 + size]
                opcode = data[0] & 0x0F
                data = data[at + 4 + size :]
                self._received(opcode, unmasked(key, body))

    def _received(self, opcode, payload):
        service = self._service
        if opcode == 8:
            service.asked.append((Clock.now_ms, "close"))
            self.send_frame(8, payload)
            self.stream.close()
            return
        if opcode == 10:
            service.asked.append((Clock.now_ms, "pong"))
            return
        message = json.loads(payload)
        what = "join" if message["event"] == "phx_join" else "heartbeat"
        service.asked.append((Clock.now_ms, what))
        if service.silent:
            return
        status = "ok"
        if what == "join":
            self._joins += 1
            service.topics.append(message["topic"])
            status = service.next_joins.pop(0) if service.next_joins else service.joins
            self.joined = status == "ok"
        if self.joined:
            service.kept_online_ms = Clock.now_ms
            if what == "join" and service.on_answer:
                service.on_answer("join", 200, None)
        if status == "crash":
            self.send({"event": "phx_error", "payload": {}, "ref": None, "topic": message["topic"]})
            return
        response = {} if status == "ok" else {"reason": "unauthorized"}
        self.send(
            {
                "event": "phx_reply",
                "payload": {"response": response, "status": status},
                "ref": message["ref"],
                "topic": message["topic"],
            }
        )
        if what == "join" and self.joined and self._joins > 1 and service.stray_closes:
            self.send({"event": "phx_close", "payload": {}, "ref": None, "topic": message["topic"]})
