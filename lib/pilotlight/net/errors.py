"""What can go wrong on the wire: one small tree. Every error says what happened and carries a `reason` to compare."""


class NetError(Exception):
    """Base of every error that `pilotlight.net` raises by design.

    reason: one short word (`timeout`, `name`, `certificate` …), stable, safe to show and to compare.
    The text is for a log: it never holds a header value, a query or a body.
    """

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class Unreachable(NetError):
    """No connection: `name`, `refused`, `timeout`, `reset`, `no_route`, `memory` (free something), or `io` for anything else."""


class Untrusted(NetError):
    """The other end answered but could not prove who it is: `certificate`, `host_name`, `expired`, `clock` or `tls`."""


class ProtocolError(NetError):
    """The peer broke the protocol's rules (`protocol`) or a stated bound (`too_large`).

    code: the WebSocket close code that names it (RFC 6455 section 7.4.1).
    """

    def __init__(self, text: str, code: int = 1002, reason: str = "protocol") -> None:
        super().__init__(reason, text)
        self.code = code


class UpgradeRefused(NetError):
    """The server answered the WebSocket upgrade with something else than 101 (`upgrade_refused`); see `status`."""

    def __init__(self, status: int) -> None:
        super().__init__(
            "upgrade_refused",
            "the server refused the WebSocket upgrade with HTTP status %d" % status,
        )
        self.status = status


class JoinRefused(NetError):
    """The server answered phx_join with an error (`join_refused`); `answer` holds its reason, cut to 64 characters."""

    def __init__(self, answer: str) -> None:
        super().__init__("join_refused", "the server refused the join: %r" % answer)
        self.answer = answer


class LinkClosed(NetError):
    """A link that was up has ended (`closed`, or `no_reply` when our heartbeat went unanswered).

    code: the peer's close code, 1005 if it gave none, 1006 if it went without a close frame (RFC 6455 section 7.1.5).
    close_reason: the peer's words in its close frame, perhaps "" (section 7.1.6).
    """

    def __init__(
        self, code: int, text: str, reason: str = "closed", close_reason: str = ""
    ) -> None:
        super().__init__(reason, text)
        self.code = code
        self.close_reason = close_reason


def no_memory() -> Unreachable:
    """The error for a MemoryError at a connection's border: it ends the connection, not the program."""
    return Unreachable("memory", "there is no memory for this connection")
