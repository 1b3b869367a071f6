"""Phoenix Channels, V1 JSON, for one channel on one socket: connect, join, rejoin, heartbeat, replies by ref, pushes.

Our messages are constant but for the topic, so they are built once. The reply to a heartbeat is compared whole with the last one
seen, so that in steady state nothing is decoded.
"""

import asyncio
import time

from micropython import const

from .deadline import Deadline
from .errors import JoinRefused, LinkClosed, NetError, ProtocolError, no_memory
from .phoenix_messages import MessageReader, message
from .transport import Transport
from .websocket_client import WebSocketClient
from .websocket_frames import TEXT

_LARGEST_EXPECTED_BYTES = const(125)


class PhoenixSocket:
    """The socket and its channel.

        await phoenix.open(transport, "api.example.com", "/socket/websocket")
        await phoenix.join("room:1")
        await phoenix.serve()             # until the channel or the link is lost
        await phoenix.close()             # always, also after an error

    websocket: a WebSocketClient, not open. join_ref, heartbeat_ref: the refs by which replies are known.
    times: has `heartbeat_ms`, from one heartbeat to the next; `reply_ms`, how long its reply may take before the link is closed;
    `stall_ms` and `total_ms` for a Deadline.
    on_proof(): called for each valid message: the server lives.
    on_push(event, payload, status): called for a push on our topic; payload is its text (or MISSING, OBJECT …), status the
    `status` field of an object.
    """

    def __init__(
        self,
        websocket: WebSocketClient,
        join_ref: str,
        heartbeat_ref: str,
        times,
        on_proof,
        on_push,
    ) -> None:
        self._websocket = websocket
        self._join_ref = join_ref
        self._heartbeat_ref = heartbeat_ref
        self._times = times
        self._on_proof = on_proof
        self._on_push = on_push
        self._read_message = MessageReader()
        self._heartbeat = message("phoenix", "heartbeat", heartbeat_ref)
        self._heartbeat_sent_ms = 0
        self._heartbeat_answered = True
        self._topic = ""
        self._join_status = ""  # "" while the reply is not there
        self._join_reason = ""
        self._channel_lost = False
        self._news = asyncio.Event()  # a join reply, a lost channel, or the end of the link
        self._read_ended = asyncio.Event()
        self._read_ended.set()
        self._end: Exception | None = None
        self._transport: Transport | None = None
        self._heart: asyncio.Task | None = None

    async def open(self, transport: Transport, host_field: str, target: str) -> None:
        """Upgrade the transport, start reading and the heartbeat. Put a Deadline around it. Raises NetError."""
        await self._websocket.open(transport, host_field, target)
        self._transport = transport
        self._end = None
        self._news.clear()
        self._heartbeat_answered = True
        self._heartbeat_sent_ms = time.ticks_ms()
        try:
            asyncio.create_task(self._read())
            self._read_ended.clear()  # not before there is a reader: `close` waits for it
            self._heart = asyncio.create_task(self._beat())
        except MemoryError:
            transport.close()
            raise no_memory()

    async def join(self, topic: str) -> None:
        """Join the topic, and wait for the reply. On one socket, call it again only after `serve` has returned.

        Raises JoinRefused, or NetError when the link ended; a missing reply closes the link (Unreachable `timeout`).
        """
        self._topic = topic
        self._join_status = ""
        self._channel_lost = False
        self._news.clear()
        text = message(topic, "phx_join", self._join_ref)
        with Deadline(self._transport, "joining", self._times):
            await self._websocket.send(text, 0, len(text))
            while not self._join_status:
                self._raise_end()
                await self._news.wait()
                self._news.clear()
        self._raise_end()
        if self._join_status != "ok":
            raise JoinRefused(self._join_reason)

    async def serve(self) -> None:
        """Wait until the channel is lost on a live socket (returns: rejoin) or the link ends (raises NetError)."""
        while not self._channel_lost:
            self._raise_end()
            await self._news.wait()
            self._news.clear()

    async def pause(self, wait_ms: int) -> None:
        """Wait before a rejoin; raises NetError at once if the link ends meanwhile."""
        try:
            await asyncio.wait_for_ms(self._link_end(), wait_ms)
        except asyncio.TimeoutError:
            pass
        self._raise_end()

    def check_link(self) -> None:
        """Send a heartbeat now instead of at its time: the network has changed, and a dead link should show soon.

        One that is on its way already will tell as well, and sooner.
        """
        if self._heart is not None and self._end is None and self._heartbeat_answered:
            heart = self._heart
            self._heart = asyncio.create_task(self._beat(at_once=True))
            heart.cancel()  # only now: if there is no memory for the other, this one goes on

    def abandon(self, error: NetError) -> None:
        """End the link at once, for a reason of the caller's: `serve` and `join` raise it."""
        if self._end is None and self._transport is not None:
            self._end = error
            self._transport.close()

    async def close(self, code: int = 1000) -> None:
        """End the link (a close handshake if it still lives) and wait for the reader's end. May be repeated."""
        if not self._read_ended.is_set():
            await self._websocket.close(code, self._times)
            await (
                self._read_ended.wait()
            )  # not for the task: cancelling who waits for a task cancels the task

    def _raise_end(self) -> None:
        if self._end is not None:
            raise self._end

    async def _link_end(self) -> None:
        while self._end is None:
            await self._news.wait()
            self._news.clear()

    async def _read(self) -> None:
        try:
            await self._websocket.run(self._on_message)
        except (
            Exception
        ) as error:  # also one that nobody foresaw: it must come out of `serve`, not hang it
            if self._end is None:
                self._end = error
        finally:
            if self._heart is not None:
                self._heart.cancel()
            self._news.set()
            self._read_ended.set()

    async def _beat(self, at_once: bool = False) -> None:
        # One flat loop: it sends, waits for the reply's time and sleeps the rest, and makes no objects of its own.
        while True:
            if not at_once:
                elapsed_ms = time.ticks_diff(time.ticks_ms(), self._heartbeat_sent_ms)
                if elapsed_ms < self._times.heartbeat_ms:
                    await asyncio.sleep_ms(self._times.heartbeat_ms - elapsed_ms)
            at_once = False
            self._heartbeat_answered = False
            self._heartbeat_sent_ms = time.ticks_ms()
            try:
                # A write that is stuck needs no heartbeat behind it: no reply will come, and that ends the link.
                self._websocket.send_now(self._heartbeat, 0, len(self._heartbeat))
            except NetError as error:
                # Even if the link itself would go on: without heartbeats nobody would see its end.
                self.abandon(error)
                return
            except MemoryError:
                self.abandon(no_memory())
                return
            await asyncio.sleep_ms(self._times.reply_ms)
            if not self._heartbeat_answered:
                self.abandon(
                    LinkClosed(
                        1006,
                        "no reply to a heartbeat within %d ms" % self._times.reply_ms,
                        "no_reply",
                    )
                )
                return

    def _on_message(self, opcode: int, start: int, end: int) -> None:
        frames = self._websocket.frames
        if frames.was_expected:
            self._heartbeat_answered = True
            self._on_proof()
            return
        if opcode != TEXT:
            raise ProtocolError("Phoenix V1 sends text, and this message is binary", 1003)
        read = self._read_message
        read.read(frames.buffer, start, end)
        if (
            read.event == "phx_reply"
            and read.topic == "phoenix"
            and read.ref == self._heartbeat_ref
            and read.status == "ok"
        ):
            self._heartbeat_answered = True
            if end - start <= _LARGEST_EXPECTED_BYTES:
                frames.expected = bytes(frames.buffer[start:end])
        elif read.topic == self._topic:
            self._on_channel_message(read)
        self._on_proof()

    def _on_channel_message(self, read: MessageReader) -> None:
        event = read.event
        if event == "phx_reply":
            if read.ref == self._join_ref and not self._join_status:
                self._join_status = read.status if isinstance(read.status, str) else "error"
                self._join_reason = (
                    read.reason[:64] if isinstance(read.reason, str) else "no reason given"
                )
                self._news.set()
        elif event in ("phx_error", "phx_close"):
            self._channel_lost = True
            self._news.set()
        else:
            self._on_push(event, read.payload, read.status)
