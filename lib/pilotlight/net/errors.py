"""What can go wrong on a connection: one tree of exceptions, each with a `reason` to compare.

Bases are called by name: for each super() MicroPython keeps a closure and a cell, 32 bytes.
"""


class NetError(Exception):
    """Base of the errors that `pilotlight.net` raises by design.

    reason: one short word (`timeout`, `name`, `certificate` …), stable, to show and to compare.
    text: for a log. It never holds the value of a header, a query or a body.
    wait_ms: how long to wait before the next try, or None: the caller decides.
    """

    wait_ms: int | None = None

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class Unreachable(NetError):
    """There is no connection.

    reason: `name` (not found), `refused`, `timeout`, `reset`, `no_route`, `memory` (too little is
    free), or `io` for anything else.
    wait_ms: with `name`: no look-up is made before this time is over.
    """


class Untrusted(NetError):
    """The server answered but could not prove its identity, or TLS failed.

    reason: `certificate`, `host_name`, `expired`, `clock` (it is not valid yet) or `tls`.
    """


class ProtocolError(NetError):
    """The server broke a rule of the protocol (`protocol`) or exceeded a bound (`too_large`).

    code: the WebSocket close code for it (RFC 6455 section 7.4.1).
    """

    def __init__(self, text: str, code: int = 1002, reason: str = "protocol") -> None:
        NetError.__init__(self, reason, text)
        self.code = code


def too_large(what: str) -> ProtocolError:
    """The error (`too_large`) where the server exceeds a bound."""
    return ProtocolError(what + " is too long", 1009, "too_large")


class UpgradeRefused(NetError):
    """The server answered the WebSocket upgrade with another status than 101 (`upgrade_refused`).

    status: the HTTP status. retry_after_ms: how long the server asks to wait, or 0.
    is_busy: a 429 or 5xx: the server, or what is before it, can't do it now.
    """

    def __init__(self, status: int, retry_after_ms: int = 0) -> None:
        NetError.__init__(
            self,
            "upgrade_refused",
            "the WebSocket upgrade was refused with HTTP status %d" % status,
        )
        self.status = status
        self.retry_after_ms = retry_after_ms
        self.is_busy = status == 429 or status >= 500


class JoinRefused(NetError):
    """The server answered phx_join with an error (`join_refused`).

    answer: the reason in its reply, cut to 64 characters.
    """

    def __init__(self, answer: str) -> None:
        NetError.__init__(self, "join_refused", "the server refused the join: %r" % answer)
        self.answer = answer


class LinkClosed(NetError):
    """An established connection has ended.

    reason: `closed`, or `no_reply` if a heartbeat was not answered; the caller of
    PhoenixSocket.abandon may give another. code: the server's close code, 1005 if its close frame
    had none, 1006 if there was no close frame (RFC 6455 section 7.1.5). close_reason: the text of
    its close frame, or "" (section 7.1.6).
    """

    def __init__(
        self, code: int, text: str, reason: str = "closed", close_reason: str = ""
    ) -> None:
        NetError.__init__(self, reason, text)
        self.code = code
        self.close_reason = close_reason


def no_memory() -> Unreachable:
    """What a MemoryError is turned into: it ends the connection, not the program.

    Needs no memory: it hands the spare one out, and makes another one if it can. (Always the same
    one would grow: each raise adds to its traceback.)
    """
    global _spare
    error = _spare
    try:
        _spare = Unreachable("memory", error.args[0])
    except MemoryError:
        pass
    return error


_spare = Unreachable("memory", "there is no memory for this connection")
