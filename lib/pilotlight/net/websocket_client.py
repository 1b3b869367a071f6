"""A WebSocket client (RFC 6455) for text messages: the handshake, one reader that waits on the transport, one frame one write.

The object and its buffers outlive the connections: make it once, `open` it as often as needed. Several tasks may send; pings
are answered by the reader, also while a send is stuck.
"""

import asyncio
import binascii
import hashlib
import os

from micropython import const

from .deadline import Deadline, ends_within
from .errors import LinkClosed, NetError, ProtocolError, UpgradeRefused, no_memory
from .http_head import ResponseHead, request_head
from .transport import Transport
from .websocket_frames import (
    BINARY,
    CLOSE,
    CONTROL_BYTES,
    NONE,
    PING,
    PONG,
    TEXT,
    FrameReader,
    FrameWriter,
)

_ACCEPT_GUID = const(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11")  # RFC 6455 section 1.3
_FIELDS = const(
    (
        "upgrade",
        "connection",
        "sec-websocket-accept",
        "sec-websocket-extensions",
        "sec-websocket-protocol",
    )
)
_MASK_POOL_BYTES = const(256)
_NORMAL_CLOSE = const(1000)
_WENT_AWAY = const(1006)


class WebSocketClient:
    """One WebSocket.

    bound_bytes, send_bytes: the longest message that is received, and sent.
    frames: the FrameReader, whose `expected` may be set and whose buffer holds the message while it is handed over.
    """

    def __init__(self, bound_bytes: int, send_bytes: int) -> None:
        self.frames = FrameReader(bound_bytes)
        self._writer = FrameWriter(send_bytes)
        self._transport: Transport | None = None
        self._masks = b""
        self._mask_at = 0
        self._ping = bytearray(CONTROL_BYTES)
        self._ping_length = -1  # -1: no ping waits for its pong
        self._writing = False
        self._written = asyncio.Event()
        self._close_sent = False
        self._ended = asyncio.Event()

    async def open(self, transport: Transport, host_field: str, target: str) -> None:
        """Connect and upgrade (RFC 6455 section 4.1) on a fresh transport, which is closed if this fails. No Origin is sent.

        host_field: the Host header. target: path and query, percent-encoded.
        Raises UpgradeRefused with the HTTP status, or another NetError. Put a Deadline around it.
        """
        self.frames.reset()
        self._transport = transport
        self._ping_length = -1
        self._writing = False
        self._close_sent = False
        self._ended.clear()
        try:
            await transport.open()
            key = binascii.b2a_base64(os.urandom(16)).strip()
            head = request_head(
                "GET",
                target,
                host_field,
                (
                    ("Upgrade", "websocket"),
                    ("Connection", "Upgrade"),
                    ("Sec-WebSocket-Key", key.decode()),
                    ("Sec-WebSocket-Version", "13"),
                ),
            )
            await transport.write(head, 0, len(head))
            _check_upgrade(await self._read_head(transport), key)
        except MemoryError:
            transport.close()
            raise no_memory()
        except BaseException:
            transport.close()
            raise

    async def run(self, on_message) -> None:
        """Read until the link ends. Call it once after each `open`, from the one task that reads.

        on_message(opcode, start, end): a whole message lies in frames.buffer[start:end]; it returns before the next is read,
        and may raise NetError to end the link.
        Never returns: raises LinkClosed (the peer's code and words), ProtocolError (it was told why), or another NetError.
        """
        transport = self._open_transport()
        frames = self.frames
        try:
            while True:
                opcode = frames.next()
                if opcode == NONE:
                    room = frames.room()
                    await transport.readable
                    count = transport.read_into(room)
                    if count:
                        frames.received(count)
                    elif count is not None:
                        raise LinkClosed(_WENT_AWAY, "the server went away without a close frame")
                elif opcode == TEXT or opcode == BINARY:
                    on_message(opcode, frames.start, frames.end)
                elif opcode == PING:
                    self._answer_ping()
                elif opcode == CLOSE:
                    self._finish_close(frames.close_code())
        except ProtocolError as error:
            self._try_close_frame(error.code)
            raise
        except MemoryError:
            raise no_memory()
        finally:
            transport.close()
            self._ended.set()

    async def send(self, payload, start: int, end: int) -> None:
        """Send payload[start:end] as one text message in one frame; waits only while another write is under way or the
        transport is full. Raises NetError if the link has ended, ValueError if the payload is over the bound."""
        await self._send(TEXT, payload, start, end)

    def send_now(self, payload, start: int, end: int) -> bool:
        """As `send`, without waiting; False if it could not begin. On an idle link only new masks, every 64 frames, allocate.

        What the transport did not take at once is written by a task of its own.
        """
        if self._writing or self._close_sent:
            return False
        self._encode(TEXT, payload, start, end)
        self._flush()
        return True

    async def close(self, code: int, times) -> None:
        """Say goodbye (RFC 6455 section 7.1.2), wait for the peer to end the link, and close it after times.close_ms anyway.

        The task in `run` ends with LinkClosed. Never raises NetError.
        """
        transport = self._transport
        if transport is None or transport.closed:
            return
        try:
            with Deadline(transport, "closing", times, times.close_ms):
                if not self._close_sent:
                    self._close_sent = True
                    await self._send(CLOSE, bytes((code >> 8, code & 0xFF)), 0, 2)
                await ends_within(self._ended.wait(), times.close_ms)
        except NetError:
            pass  # the link has ended, which is what was wanted
        finally:
            transport.close()

    def _open_transport(self) -> Transport:
        transport = self._transport
        if transport is None:
            raise LinkClosed(_WENT_AWAY, "the WebSocket is not open")
        return transport

    async def _read_head(self, transport: Transport) -> ResponseHead:
        """Read the answer's head; frames that came in the same segment stay in the FrameReader."""
        frames = self.frames
        head = ResponseHead(_FIELDS)
        while True:
            room = (
                frames.room()
            )  # nothing is kept between reads, so this is the buffer from its start
            count = await transport.read(room)
            if not count:
                raise LinkClosed(_WENT_AWAY, "the server closed the connection during the upgrade")
            at = head.feed(frames.buffer, 0, count)
            frames.received(count)
            frames.skip(count if at < 0 else at)
            if at >= 0:
                return head

    def _encode(self, opcode: int, payload, start: int, end: int) -> None:
        if self._mask_at == len(self._masks):
            self._masks = os.urandom(
                _MASK_POOL_BYTES
            )  # section 5.3: unpredictable, so from the system, and fresh each time
            self._mask_at = 0
        self._writer.encode(opcode, payload, start, end, self._masks, self._mask_at)
        self._mask_at += 4

    def _flush(self) -> None:
        """Write the encoded frame; leave to a task what does not go at once."""
        writer = self._writer
        written = self._open_transport().write_now(writer.buffer, 0, writer.length)
        if written < writer.length:
            self._writing = True
            asyncio.create_task(self._write_rest(written))

    async def _write_rest(self, written: int) -> None:
        try:
            await self._write_encoded(written)
        except (NetError, MemoryError):
            pass  # the reader sees the end of the link too, and says why

    async def _send(self, opcode: int, payload, start: int, end: int) -> None:
        while self._writing:
            self._written.clear()
            await self._written.wait()
        if self._close_sent and opcode != CLOSE:  # section 5.5.1
            raise LinkClosed(_WENT_AWAY, "the WebSocket is closing")
        self._encode(opcode, payload, start, end)
        self._writing = True
        await self._write_encoded(0)

    async def _write_encoded(self, written: int) -> None:
        """Write the rest of the encoded frame, and the pong of a ping that came meanwhile."""
        transport = self._open_transport()
        try:
            await transport.write(self._writer.buffer, written, self._writer.length)
            while self._ping_length >= 0:
                self._encode_pong()
                await transport.write(self._writer.buffer, 0, self._writer.length)
        except (NetError, MemoryError):
            transport.close()  # half a frame may be on the wire: nothing can follow it
            raise
        finally:
            self._writing = False
            self._written.set()

    def _answer_ping(self) -> None:
        # Section 5.5.3: only the latest ping need be answered, so one slot is enough.
        frames = self.frames
        length = frames.end - frames.start
        for i in range(length):
            self._ping[i] = frames.buffer[frames.start + i]
        self._ping_length = length
        if not self._writing and not self._close_sent:
            self._encode_pong()
            self._flush()

    def _encode_pong(self) -> None:
        self._encode(PONG, self._ping, 0, self._ping_length)
        self._ping_length = -1

    def _finish_close(self, code: int) -> None:
        """The peer's close frame has come: echo it if we have not sent ours, and end the link (section 5.5.1)."""
        self._try_close_frame(_NORMAL_CLOSE if code == 1005 else code)
        frames = self.frames
        words = bytes(frames.buffer[frames.start + 2 : frames.end]).decode()
        raise LinkClosed(
            code, "the server closed the link with code %d %r" % (code, words), close_reason=words
        )

    def _try_close_frame(self, code: int) -> None:
        if self._close_sent or self._writing:
            return
        self._close_sent = True
        try:
            self._encode(CLOSE, bytes((code >> 8, code & 0xFF)), 0, 2)
            self._open_transport().write_now(self._writer.buffer, 0, self._writer.length)
        except NetError:
            pass  # politeness only: the link ends either way


def _check_upgrade(head: ResponseHead, key: bytes) -> None:
    """RFC 6455 section 4.1, the client's six requirements on the answer."""
    if head.status != 101:
        raise UpgradeRefused(head.status)
    fields = head.fields
    if fields.get("upgrade", "").lower() != "websocket":
        raise ProtocolError("the 101 answer does not upgrade to websocket")
    if "upgrade" not in [
        token.strip().lower() for token in fields.get("connection", "").split(",")
    ]:
        raise ProtocolError("the 101 answer has no Connection: Upgrade")
    digest = binascii.b2a_base64(hashlib.sha1(key + _ACCEPT_GUID).digest()).strip().decode()
    if fields.get("sec-websocket-accept") != digest:
        raise ProtocolError("the 101 answer has a wrong Sec-WebSocket-Accept")
    if fields.get("sec-websocket-extensions"):
        raise ProtocolError("the server chose a WebSocket extension that was not offered")
    if fields.get("sec-websocket-protocol"):
        raise ProtocolError("the server chose a subprotocol that was not offered")
