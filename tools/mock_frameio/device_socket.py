"""The device socket, with the manners of Phoenix Channels, V1 serializer."""

import asyncio
import json
import struct
from collections.abc import Iterable
from typing import Any

from aiohttp import WSMsgType, web

from .devices import Device
from .raw_bytes import fragmented
from .rest import SERVICE
from .same_origin import is_foreign
from .service import Service
from .strict_json import parse
from .wire import wire_of

_KEYS = ("topic", "event", "payload", "ref")
_CRASHED = 1011
_NO_CODE = 1005  # RFC 6455 section 7.1.5: what a close frame without a code counts as
_CLOSE_S = 1  # so long does a close wait for its answer


class DeviceSocket:
    """One upgraded connection of a device. joined: the topic's channel lives on it."""

    def __init__(self, service: Service, request: web.Request, device: Device) -> None:
        self._service = service
        self.device = device
        self._request = request
        self._ws = web.WebSocketResponse(autoping=False, autoclose=True)
        self.joined = False
        self._dropped = False

    async def run(self) -> web.WebSocketResponse:
        """Upgrade and serve until the end."""
        service = self._service
        await self._ws.prepare(self._request)
        service.sockets.add(self)
        self.device.heartbeat_ms = None
        service.record("upgrade", status=101)
        service.trace("service", "answer", "101 /devices/websocket", device=self.device.id)
        try:
            await self._serve()
        finally:
            service.sockets.discard(self)
            code = self._ws.close_code or _NO_CODE
            service.record("socket_end", code=code)
            service.trace("device", "end", f"connection ended, code {code}", device=self.device.id)
        return self._ws

    async def push(self, event: str, payload: Any) -> None:
        """Push an event on the device's topic."""
        topic = self.device.topic
        await self._send({"event": event, "payload": payload, "ref": None, "topic": topic})

    async def drop(self, code: int | None, reason: str) -> None:
        """Send a close frame (None: an empty one); the client then closes the connection."""
        wire = wire_of(self._request)
        if self._dropped or wire is None or wire.is_closing():
            return
        self._dropped = True
        body = b"" if code is None else struct.pack("!H", code) + reason.encode()
        # aiohttp's close would not wait for the answer, which is of interest.
        await self._ws.send_frame(body, WSMsgType.CLOSE)
        asyncio.get_running_loop().call_later(_CLOSE_S, self.kill)

    def kill(self) -> None:
        """End TCP without a close frame, as when the server's process is killed."""
        wire = wire_of(self._request)
        if wire is not None:
            wire.close()

    def reset(self) -> None:
        """End with a TCP reset."""
        wire = wire_of(self._request)
        if wire is not None:
            wire.reset()

    async def pour(self, pieces: Iterable[bytes]) -> None:
        """Send raw bytes, whatever they mean, until they or the connection end."""
        wire = wire_of(self._request)
        if wire is not None:
            await wire.pour(pieces)

    async def _serve(self) -> None:
        while not self._ws.closed:
            try:
                # Bytes of any kind reset the timer: pings too.
                message = await self._ws.receive(timeout=self._service.idle_s)
            except asyncio.TimeoutError:
                self._service.record("idle_close")
                self.joined = False
                await self._ws.close(code=1000)
                return
            await self._service.answer_time()
            if message.type == WSMsgType.PING:
                await self._ws.pong(message.data)
            elif message.type == WSMsgType.PONG:
                self._service.record("pong", body=bytes(message.data).decode("latin-1"))
            elif message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                await self._received(message.data)
            else:
                return

    async def _received(self, data: Any) -> None:
        message = _decoded(data)
        if message is None:
            await self._ws.close(code=_CRASHED)
            return
        topic, event, ref = message["topic"], message["event"], message["ref"]
        self._service.record("message", topic=topic, event=event, ref=ref)
        self._service.trace("device", "frame", event, data, self.device.id)
        if topic == "phoenix" and event == "heartbeat":
            self.device.heartbeat_ms = self._service.now_ms()
            await self._reply(topic, ref, "ok", {})
        elif event == "phx_join":
            await self._join(topic, ref)
        elif topic != self.device.topic or not self.joined:
            await self._reply(topic, ref, "error", {"reason": "unmatched topic"})
        elif event == "phx_leave":
            self.joined = False
            await self._reply(topic, ref, "ok", {})
            await self.push("phx_close", {})
        else:
            # A channel without a clause for the event crashes; the socket lives on.
            self.joined = False
            await self.push("phx_error", {})

    async def _join(self, topic: str, ref: Any) -> None:
        if not topic.startswith("devices:"):
            await self._reply(topic, ref, "error", {"reason": "unmatched topic"})
            return
        refusal = self._service.faults.join
        if topic != self.device.topic or refusal:
            await self._reply(topic, ref, "error", {"reason": refusal or "unauthorized"})
            return
        was_joined, self.joined = self.joined, True
        await self._reply(topic, ref, "ok", {})
        if was_joined:
            await self.push(
                "phx_close", {}
            )  # for the old channel, and after the reply to the new join

    async def _reply(self, topic: str, ref: Any, status: str, response: Any) -> None:
        payload = {"response": response, "status": status}
        await self._send({"event": "phx_reply", "payload": payload, "ref": ref, "topic": topic})

    async def _send(self, message: Any) -> None:
        faults = self._service.faults
        wire = wire_of(self._request)
        is_over = self._ws.closed or self._dropped or wire is None or wire.is_closing()
        if faults.black_hole or is_over:
            return
        text = json.dumps(message, separators=(",", ":"), ensure_ascii=False)
        self._service.trace("service", "frame", _in_short(message), text, self.device.id)
        if faults.fragment_bytes:
            await self.pour([fragmented(text.encode(), faults.fragment_bytes)])
        else:
            await self._ws.send_str(text)


def _in_short(message: dict[str, Any]) -> str:
    """The event, and what it says if that is short."""
    payload = message["payload"]
    said = payload.get("status") if isinstance(payload, dict) else payload
    return f"{message['event']} {said}" if isinstance(said, str) else str(message["event"])


def _decoded(data: Any) -> dict[str, Any] | None:
    """A V1 message, or None for what crashes Phoenix's socket process."""
    if not isinstance(data, str):
        return None
    try:
        message = parse(data)
    except ValueError:
        return None
    if not isinstance(message, dict) or any(key not in message for key in _KEYS):
        return None
    if not isinstance(message["topic"], str) or not isinstance(message["event"], str):
        return None
    return message


def _is_forbidden(request: web.Request) -> bool:
    """Phoenix answers 403 to a foreign Origin or an unknown vsn.

    It does so, too, when the application refuses the connection.
    """
    return is_foreign(request) or request.query.get("vsn", "1.0.0") != "1.0.0"


def _token(request: web.Request) -> str | None:
    scheme, _, token = request.query.get("Authorization", "").partition(" ")
    return token if scheme == "Bearer" else None


async def upgrade(request: web.Request) -> web.StreamResponse:
    """GET /devices/websocket."""
    service = request.app[SERVICE]
    service.record("request", method="GET", path=request.path)
    service.trace("device", "request", f"GET {request.path}")
    await service.answer_time()
    rule = service.refusal("socket")
    if rule:
        service.record("upgrade", status=rule[0])
        service.trace("service", "answer", f"{rule[0]} {request.path}")
        return web.Response(status=rule[0], text=rule[1] if isinstance(rule[1], str) else "")
    device = None if _is_forbidden(request) else service.device_of(_token(request))
    if device is None:
        service.record("upgrade", status=403)
        service.trace("service", "answer", f"403 {request.path}")
        return web.Response(status=403)
    return await DeviceSocket(service, request, device).run()
