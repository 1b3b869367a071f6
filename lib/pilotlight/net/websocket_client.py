"""A WebSocket client (RFC 6455) for text messages: one reader, one write per frame.

    endpoint = Endpoint("example.com", 443, roots)
    websocket = WebSocketClient()
    transport = endpoint.open()
    with Deadline(transport, "connecting", None, 30_000):
        await websocket.open(transport, endpoint.host_field, "/path")
    reader = asyncio.create_task(websocket.run(on_message))
    await websocket.send(b"text", 0, 4)
    await websocket.close()

The object and its buffers outlive a connection: make it once, `open` it as often as needed, after
`run` has ended. Several tasks may send. Pings are answered by the reader, also while a send is
stuck.
"""

import asyncio
import os

from micropython import const

from .deadline import Deadline, TimedEvent
from .errors import LinkClosed, NetError, ProtocolError, no_memory
from .websocket_frames import FrameReader, FrameWriter

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from .transport import Transport

# As in websocket_frames: what is imported takes memory and time.
_NONE = const(-1)
_TEXT = const(0x1)
_CLOSE = const(0x8)
_PING = const(0x9)
_PONG = const(0xA)
_MASK_POOL_BYTES = const(256)
_NORMAL_CLOSE = const(1000)
_WENT_AWAY = const(1006)
_NO_CLOSE_FRAME = const("the server went away without a close frame")
_CLOSED = const("the WebSocket is closed")


class WebSocketClient:
    """One WebSocket.

    bound_bytes: the longest message that is accepted. send_bytes: the longest that can be sent, at
    most 65535.
    frames: the FrameReader. Its buffer holds the piece that `on_message` is called for, and it says
    whether that is the first one of its message (`is_first`), and the last one (`is_last`).
    Raises ValueError for larger send_bytes.
    """

    def __init__(self, bound_bytes: int = 65_536, send_bytes: int = 1_024) -> None:
        self.frames = FrameReader(bound_bytes)
        self._writer = FrameWriter(send_bytes)
        self._transport: Transport = None  # type: ignore[assignment]  # not before `open`
        self._masks = b""
        self._mask_at = 0
        self._ping: bytes | None = None  # it waits for its pong
        self._writing = False
        self._written = TimedEvent()
        self._close_sent = True
        self._ended = TimedEvent()

    async def open(self, transport: Transport, host_field: str, target: str) -> None:
        """Connect and upgrade (RFC 6455 section 4.1).

        No Origin is sent, for Phoenix refuses one that it does not know.
        transport: a new one, from Endpoint.open(); this awaits its `open()`, and closes it if it
        fails. host_field: the value of the Host header. target: path and query, percent-encoded.
        Raises UpgradeRefused with the HTTP status, or another NetError. Put a Deadline around it.
        """
        self.frames.reset()
        self._transport = transport
        self._ping = None
        self._writing = False
        self._close_sent = False
        self._ended.clear()
        try:
            from .websocket_upgrade import upgrade  # only now: see there

            await upgrade(transport, self.frames, host_field, target)
        except BaseException as error:
            transport.close()
            raise no_memory() if isinstance(error, MemoryError) else error

    async def run(self, on_message) -> None:
        """Read until the link ends. Call it once after each `open`.

        on_message(opcode, start, end): called for each piece of a message, TEXT or BINARY, which
        lies in frames.buffer[start:end] until it returns. It may raise NetError to end the link.
        Never returns. Raises LinkClosed (with the peer's close code and reason), ProtocolError
        (after a close frame with the error's code), or another NetError.
        """
        transport = self._transport
        frames = self.frames
        try:
            while True:
                opcode = frames.next()
                if opcode == _NONE:
                    room = frames.room()
                    await transport.readable
                    count = transport.read_into(room)
                    if count:
                        frames.received(count)
                    elif count is not None:
                        raise LinkClosed(_WENT_AWAY, _NO_CLOSE_FRAME)
                elif opcode < _CLOSE:
                    on_message(opcode, frames.start, frames.end)
                elif opcode == _PING and not self._close_sent:
                    if self._writing:
                        # Section 5.5.3: only the latest ping need be answered.
                        self._ping = bytes(frames.buffer[frames.start : frames.end])
                    else:
                        self._write(_PONG, frames.buffer, frames.start, frames.end)
                elif opcode == _CLOSE:  # section 5.5.1: answered, unless ours was sent before
                    code = frames.close_code()
                    self._write_close(_NORMAL_CLOSE if code == 1005 else code)
                    words = bytes(frames.buffer[frames.start + 2 : frames.end]).decode()
                    text = "the server closed the link with code %d %r" % (code, words)
                    raise LinkClosed(code, text, close_reason=words)
        except ProtocolError as error:
            self._write_close(error.code)
            raise
        except MemoryError:
            raise no_memory()
        finally:
            transport.close()
            self._ended.set()

    async def send(self, payload, start: int, end: int) -> None:
        """Send payload[start:end] as one text message in one frame; wait until it is written.

        Raises NetError if the link has ended, ValueError if the payload is over the bound.
        """
        await self._wait_until_written()
        if self._close_sent:  # section 5.5.1
            raise LinkClosed(_WENT_AWAY, _CLOSED)
        self._write(_TEXT, payload, start, end)
        await self._wait_until_written()

    def send_now(self, payload, start: int, end: int) -> bool:
        """Send payload[start:end] as one text message, without waiting; False if it can't be now.

        It can't while another frame is being written or the WebSocket is closing. Raises NetError
        if the link has ended. Unless the transport is full, it allocates nothing but new masks,
        every 64 frames.
        """
        if self._writing or self._close_sent:
            return False
        self._write(_TEXT, payload, start, end)
        return True

    async def close(self, code: int = _NORMAL_CLOSE, close_ms: int = 2_000) -> None:
        """Send a close frame, wait until the peer ends the link, and close it after close_ms.

        code: of the close frame (RFC 6455 section 7.4.1). `run` ends with a NetError. Raises none
        itself. Does nothing if there is no link.
        """
        transport = self._transport
        if transport is None or transport.closed:
            return
        try:
            with Deadline(transport, "closing", None, close_ms):
                await self._wait_until_written()
                self._write_close(code)
                await self._ended.wait(close_ms)
        except NetError:
            pass  # the link has ended, which is what was wanted
        finally:
            transport.close()

    def _write(self, opcode: int, payload, start: int, end: int) -> None:
        """Begin a frame while no other is being written; a task writes what does not go at once."""
        transport = self._transport
        writer = self._writer
        try:
            at = self._mask_at
            if at == len(self._masks):
                # Section 5.3: unpredictable, and a new one for each frame.
                self._masks = os.urandom(_MASK_POOL_BYTES)
                at = 0
            self._mask_at = at + 4
            writer.encode(opcode, payload, start, end, self._masks, at)
            written = transport.write_now(writer.buffer, 0, writer.length)
            if written < writer.length:
                asyncio.create_task(self._write_rest(transport, written))
                self._writing = True
        except (NetError, MemoryError):
            transport.close()  # part of the frame may be on the wire: nothing can follow it
            raise

    async def _write_rest(self, transport: Transport, written: int) -> None:
        """Write the rest of the encoded frame, then the pong of a ping that has come meanwhile."""
        try:
            await transport.write(self._writer.buffer, written, self._writer.length)
            self._writing = False
            ping = self._ping
            if ping is not None:
                self._ping = None
                self._write(_PONG, ping, 0, len(ping))
        except (NetError, MemoryError):
            self._writing = False
            transport.close()  # the reader sees it and says why
        finally:
            self._written.set()

    async def _wait_until_written(self) -> None:
        """Wait until no frame is being written. Raises LinkClosed if the link has ended by then."""
        while self._writing:
            self._written.clear()
            await self._written.wait()
        if self._transport is None or self._transport.closed:
            raise LinkClosed(_WENT_AWAY, _CLOSED)

    def _write_close(self, code: int) -> None:
        """Tell the peer why the link ends, if a frame can be written now: it ends either way."""
        if self._close_sent or self._writing:
            return
        self._close_sent = True
        try:
            self._write(_CLOSE, code.to_bytes(2, "big"), 0, 2)
        except (NetError, MemoryError):
            pass
