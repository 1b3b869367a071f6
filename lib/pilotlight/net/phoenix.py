"""Phoenix Channels, V1 JSON, one channel on one socket: connect, join, rejoin, heartbeats, pushes.

A message is an object with topic, event, payload and ref (Phoenix's V1 serializer). All four must
be sent: without one, the server's socket process crashes.

The heartbeat is built once. Its reply is compared as a whole with the previous one, so that in
steady state no message is decoded.
"""

import asyncio
import time

from micropython import const

from .deadline import Deadline, TimedEvent
from .errors import JoinRefused, LinkClosed, NetError, ProtocolError, no_memory
from .json_pick import JsonError, JsonPick

_TEXT = const(0x1)  # as in websocket_frames
_LARGEST_EXPECTED_BYTES = const(125)
_LARGE_BYTES = const(4096)
_LATE_MS = const(500)
_NEXT_TURN_MS = const(1)
_DAY_MS = const(86_400_000)
_CRASHED = const("the channel crashed")
_FIELDS = const(("topic", "event", "ref", "payload", "payload.status", "payload.response.reason"))


def message(topic: str, event: str, ref: str) -> bytes:
    """A message with an empty payload, as UTF-8 text.

    Raises ValueError if topic, event or ref holds a character that JSON escapes, or is not ASCII.
    """
    for byte in (topic + event + ref).encode():
        if not 0x20 <= byte <= 0x7E or byte in (0x22, 0x5C):
            raise ValueError("a character is not allowed in a Phoenix topic, event or ref")
    return ('{"topic":"%s","event":"%s","payload":"","ref":"%s"}' % (topic, event, ref)).encode()


class MessageReader:
    """Reads one message after another, piece by piece, in constant memory.

    topic, event: text; None if what was read is no message of Phoenix's: an empty text, or a JSON
    text without one of these. ref, payload: text, or what JsonPick gives for other values. status,
    reason: a reply's `payload.status` and `payload.response.reason`, as JsonPick gives them. Texts
    are cut at 256 bytes.
    """

    def __init__(self) -> None:
        self._pick = JsonPick()

    def read(self, data, start: int, end: int, is_first: bool = True, is_last: bool = True) -> None:
        """Read data[start:end], a piece of a message.

        is_first, is_last: whether it is its first one and its last one. After the last one the
        attributes are set. Raises ProtocolError if the message is not JSON.
        """
        pick = self._pick
        if is_first:
            pick.begin(_FIELDS)
        try:
            pick.feed(data, start, end)
            if is_last and not pick.is_empty:
                pick.finish()
        except JsonError as error:
            raise ProtocolError("a message is not JSON: %s" % error, 1007)
        topic, event, self.ref, self.payload, self.status, self.reason = [
            pick.fields[name] for name in _FIELDS
        ]
        is_message = isinstance(topic, str) and isinstance(event, str)
        self.topic, self.event = (topic, event) if is_message else (None, None)


class PhoenixSocket:
    """The socket and its channel.

        await phoenix.open("/socket/websocket")
        await phoenix.join("room:1", on_push)
        await phoenix.serve()             # until the channel or the link is lost
        await phoenix.close()             # always, also after an error

    websocket: a WebSocketClient that is not open; it is used for one connection after another.
    endpoint: the server's Endpoint.
    join_ref, heartbeat_ref: the `ref` of our phx_join and of our heartbeats; the replies carry it.
    times: has `heartbeat_ms`, from one heartbeat to the next; `first_heartbeat_ms`, from the
    upgrade to the first one; `reply_ms`, how long a heartbeat's
    reply may take before the link is closed; `close_ms`, how long a close handshake may take;
    `stall_ms` and `total_ms`, the deadlines of connect and join without a byte and in all;
    `late_reply_ms`, more time for a reply if the device itself was late.
    proof: has `prove()`, which is called for the 101 and for each valid message: the server is
    alive.
    has_beaten: a heartbeat was answered since the last join of this socket.
    """

    def __init__(
        self, websocket, endpoint, join_ref: str, heartbeat_ref: str, times, proof
    ) -> None:
        self._websocket = websocket
        self._endpoint = endpoint
        self._join_ref = join_ref
        self._heartbeat_ref = heartbeat_ref
        self._times = times
        self._proof = proof
        self._read_message = MessageReader()
        self._heartbeat = message("phoenix", "heartbeat", heartbeat_ref)
        self._heartbeat_sent_ms = 0
        self._heartbeat_answered = True
        self._topic: str | None = None  # before the first join, no message is for us
        self._join_answer: str | None = None  # the reply's reason; "" is ok; None: none has come
        self._channel_lost = False
        self.has_beaten = False
        self._news = TimedEvent()  # a join reply, a lost channel, or the end of the link
        self._reading = False  # the reader's task has not ended
        self._end: Exception | None = LinkClosed(1006, "the socket was not opened")
        self._heart: asyncio.Task | None = None

    async def open(self, target: str) -> None:
        """Connect, upgrade, and start the reader and the heartbeats.

        target: path and query, percent-encoded. Raises UpgradeRefused if the server answers with
        another HTTP status than 101, or another NetError.
        """
        transport = self._endpoint.open()
        try:
            with Deadline(transport, "connecting", self._times):
                await self._websocket.open(transport, self._endpoint.host_field, target)
                self._transport = transport
                self._end = None
                self._news.clear()
                self._heartbeat_answered = True
                self.has_beaten = False
                asyncio.create_task(self._read())
                self._reading = True  # after the reader was made: `close` waits for it
                self._beat_in(self._times.first_heartbeat_ms)
            self._proof.prove()  # nothing but the server can have answered with 101
        except MemoryError:
            transport.close()
            raise no_memory()

    async def join(self, topic: str, on_push) -> None:
        """Join the topic and wait for the reply.

        On the same socket, call it again only after `serve` has returned or the join was refused.
        on_push(event, payload, status): called for each push on the topic. payload: text, or what
        JsonPick gives for other values (OBJECT …); status: the field `status` of an OBJECT. After
        a message over 4 KiB it is called once more, with the event "": texts in it may be cut.
        Raises JoinRefused if the reply is an error, or another NetError if the link has ended.
        Without a reply in time it closes the link and raises Unreachable (`timeout`).
        """
        self._topic = topic
        self._on_push = on_push
        self._join_answer = None
        self._channel_lost = False
        self.has_beaten = False
        self._news.clear()
        text = message(topic, "phx_join", self._join_ref)
        with Deadline(self._transport, "joining", self._times):
            await self._websocket.send(text, 0, len(text))
            while self._join_answer is None and not self._channel_lost:
                await self._next_news()
        self._raise_end()
        if self._join_answer != "":
            raise JoinRefused(self._join_answer or _CRASHED)

    async def settle(self) -> None:
        """Wait until the channel has lasted for a while, and a heartbeat is answered.

        Raises JoinRefused if the channel ends before, another NetError if the link ends.
        """
        await self.pause(self._times.first_heartbeat_ms)
        while not self._channel_lost:
            self._raise_end()
            if self.has_beaten:
                return
            await self._next_news()
        raise JoinRefused(_CRASHED)

    async def serve(self) -> None:
        """Wait until the server ends the channel, then return: the socket still lives, so rejoin.

        Raises NetError if the link ends.
        """
        while not self._channel_lost:
            await self._next_news()

    async def pause(self, wait_ms: int) -> None:
        """Wait before a rejoin. Raises NetError as soon as the link ends."""
        begun_ms = time.ticks_ms()
        left_ms = wait_ms
        while left_ms > 0:
            await self._next_news(left_ms)
            left_ms = wait_ms - time.ticks_diff(time.ticks_ms(), begun_ms)
        self._raise_end()

    def check_link(self) -> None:
        """Send a heartbeat now: the network has changed, and a dead link should show soon.

        Does nothing while a heartbeat waits for its reply: that one will show it sooner.
        """
        if self._end is None and self._heartbeat_answered:
            self._beat_in(0)

    def abandon(self, reason: str, text: str) -> None:
        """End the link at once; `serve`, `join` and `pause` raise LinkClosed with this reason.

        Without memory for it they raise Unreachable (`memory`).
        """
        try:
            error: NetError = LinkClosed(1006, text, reason)
        except MemoryError:
            error = no_memory()
        self._end_with(error)

    async def close(self, code: int = 1000) -> None:
        """End the link, with a close handshake if it still lives; wait until the reader has ended.

        code: of the close frame (RFC 6455 section 7.4.1). May be called at any time, repeatedly.
        """
        if self._reading:
            try:
                await self._websocket.close(code, self._times.close_ms)
            except MemoryError:
                self._transport.close()  # then without a handshake
        # Not `await task`: if the waiting task is cancelled, asyncio cancels that task too. Not an
        # event: this needs no memory, and the reader ends in its next turn.
        while self._reading:
            await asyncio.sleep_ms(_NEXT_TURN_MS)

    def _end_with(self, error: Exception) -> None:
        if self._end is None:
            # A MemoryError may be the interpreter's only one, which the next one overwrites.
            self._end = no_memory() if isinstance(error, MemoryError) else error
            self._transport.close()

    def _beat_in(self, wait_ms: int) -> None:
        """Let the next heartbeat be due after wait_ms."""
        due_ms = time.ticks_add(time.ticks_ms(), wait_ms)
        self._heartbeat_sent_ms = time.ticks_add(due_ms, -self._times.heartbeat_ms)
        heart = self._heart
        self._heart = asyncio.create_task(self._beat())
        if heart is not None:
            heart.cancel()  # last: without memory for the new task, the old one goes on

    def _raise_end(self) -> None:
        if self._end is not None:
            raise self._end

    async def _next_news(self, wait_ms: int = _DAY_MS) -> None:
        self._raise_end()
        await self._news.wait(wait_ms)
        self._news.clear()

    async def _read(self) -> None:
        try:
            await self._websocket.run(self._on_message)
        except Exception as error:  # a bug's too: `serve` must raise it, not hang
            self._end_with(error)
        finally:
            if self._heart is not None:
                self._heart.cancel()
            self._news.set()
            self._reading = False

    async def _beat(self) -> None:
        # One flat loop: send, sleep until the reply is due, sleep the rest. It allocates nothing.
        while True:
            elapsed_ms = time.ticks_diff(time.ticks_ms(), self._heartbeat_sent_ms)
            if elapsed_ms < self._times.heartbeat_ms:
                await asyncio.sleep_ms(self._times.heartbeat_ms - elapsed_ms)
            self._heartbeat_answered = False
            self._heartbeat_sent_ms = time.ticks_ms()
            try:
                # None is sent while another write is stuck: then no reply comes, and the link ends.
                self._websocket.send_now(self._heartbeat, 0, len(self._heartbeat))
            except (NetError, MemoryError) as error:
                # Even if the link itself goes on: without heartbeats nothing would show its end.
                self._end_with(error)
                return
            await asyncio.sleep_ms(self._times.reply_ms)
            late_ms = time.ticks_diff(time.ticks_ms(), self._heartbeat_sent_ms)
            if not self._heartbeat_answered and late_ms - self._times.reply_ms > _LATE_MS:
                # The device itself was late, perhaps suspended: the reply may wait to be read.
                await asyncio.sleep_ms(self._times.late_reply_ms)
            if not self._heartbeat_answered:
                self.abandon("no_reply", "no reply to a heartbeat in time")
                return

    def _on_message(self, opcode: int, start: int, end: int) -> None:
        frames = self._websocket.frames
        if frames.was_expected:
            self._heartbeat_answered = True
            if not self.has_beaten:
                self._beaten()
            self._proof.prove()
            return
        if opcode != _TEXT:
            raise ProtocolError("a message is binary", 1003)
        read = self._read_message
        read.read(frames.buffer, start, end, frames.is_first, frames.is_last)
        if not frames.is_last or read.topic is None:
            return
        if (
            read.event == "phx_reply"
            and read.topic == "phoenix"
            and read.ref == self._heartbeat_ref
            and read.status == "ok"
        ):
            self._beaten()
            if frames.is_first and end - start <= _LARGEST_EXPECTED_BYTES:
                frames.expect(bytes(frames.buffer[start:end]))
        elif read.topic == self._topic:
            self._on_channel_message(read)
        self._proof.prove()

    def _beaten(self) -> None:
        self._heartbeat_answered = self.has_beaten = True
        self._news.set()

    def _on_channel_message(self, read: MessageReader) -> None:
        event = read.event
        if event == "phx_reply":
            if read.ref == self._join_ref and self._join_answer is None:
                reason = read.reason if isinstance(read.reason, str) else ""
                self._join_answer = "" if read.status == "ok" else reason[:64] or "no reason given"
                self._news.set()
        elif event in ("phx_error", "phx_close"):
            self._channel_lost = True
            self._news.set()
        else:
            self._on_push(event, read.payload, read.status)
            if self._websocket.frames.message_bytes > _LARGE_BYTES:
                self._on_push("", None, None)
