"""A small Frame.io in memory: identity, health and the device socket, and when each was asked."""

import asyncio
import binascii
import hashlib
import json

from pilotlight.net.errors import NetError
from tests.simulation.frameio_tokens import call_of, decoded
from tools.virtual_board.virtual_time import Clock

DEVICE_ID = "a7e95254-8cd6-4d59-b54d-28c58570a8de"
TOPIC = "devices:" + DEVICE_ID
_CALLS = {
    "/v2/devices/me": "identity",
    "/v2/devices/heartbeat": "http_heartbeat",
    "/health": "health",
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
    asked: (virtual ms, what) of everything: `identity`, `health`, `upgrade`, `join`, `heartbeat`,
    `pong`, `close`, `idle`, `http_heartbeat`; of Tokens `code`, `token`, `refresh`, `revoke`.
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
        self.expires_at = None
        self.asked = []
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

    def push(self, event, payload):
        """Push an event to the joined socket. phx_error and phx_close end its channel."""
        ends = event.startswith("phx_")
        for socket in self._sockets:
            if socket.joined or ends:
                socket.send({"event": event, "payload": payload, "ref": None, "topic": TOPIC})
                socket.joined = socket.joined and not ends

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
        if self.hangs:
            await stream.read(_BUFFER)
        else:
            answer = self._answer(what, head, form)
            await asyncio.sleep_ms(self.delays_ms.get(what, 0))
            if answer:
                self._respond(stream, *answer)
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
        if what not in ("identity", "http_heartbeat"):
            return self.tokens.answer(what, form) if what and self.tokens else (404, {})
        if not self._is_good(
            head.partition(b"Authorization: Bearer ")[2].split(b"\r\n")[0].decode()
        ):
            return 401, {"error": "invalid_token"}
        if what == "http_heartbeat":
            return 204, None
        status = "paused" if self.paused else "online"
        return 200, {
            "id": self.device_id,
            "status": status,
            "project": {"name": "Testbed"},
            "authorization": {"creator": {"name": "Ada"}, "expires_at": self.expires_at},
        }

    def _is_good(self, token):
        return self.accepts and (self.tokens is None or self.tokens.accepts(token))

    def _respond(self, stream, status, body):
        data = b"" if body is None else json.dumps(body).encode()
        head = b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (status, len(data))
        stream.write_now(head + data, 0, len(head) + len(data))

    async def _upgrade(self, stream, request, token):
        self.asked.append((Clock.now_ms, "upgrade"))
        if "upgrade" in self.delays_ms:
            await asyncio.sleep_ms(self.delays_ms["upgrade"])
        if self.forbids or not self._is_good(token):
            stream.write_now(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 0, 45)
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
        stream.write_now(head, 0, len(head))
        socket = _Socket(self, stream)
        self._sockets = [socket]
        watch = asyncio.create_task(socket.watch())
        try:
            await socket.run()
        finally:
            socket.joined = False
            watch.cancel()


def _is_whole(data):
    """True for a head with as much of a body as it names."""
    head, end, body = data.partition(b"\r\n\r\n")
    return bool(end) and len(body) >= int(
        head.partition(b"Content-Length: ")[2].split(b"\r\n")[0] or b"0"
    )


class _Socket:
    def __init__(self, service, stream):
        self._service = service
        self.stream = stream
        self.joined = False
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
        self.send_frame(1, json.dumps(message).encode())

    def close(self, code):
        self.send_frame(8, bytes((code >> 8, code & 0xFF)))

    def send_frame(self, opcode, payload):
        if self.stream.closed:
            return
        count = len(payload)
        head = (
            bytes((0x80 | opcode, count))
            if count < 126
            else bytes((0x80 | opcode, 126, count >> 8, count & 0xFF))
        )
        self.stream.write_now(head + payload, 0, len(head) + count)

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
                self._received(opcode, bytes([body[i] ^ key[i & 3] for i in range(size)]))

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
            status = service.joins
            self.joined = status == "ok"
        response = {} if status == "ok" else {"reason": "unauthorized"}
        self.send(
            {
                "event": "phx_reply",
                "payload": {"response": response, "status": status},
                "ref": message["ref"],
                "topic": message["topic"],
            }
        )
