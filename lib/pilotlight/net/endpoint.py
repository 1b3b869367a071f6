"""A server to connect to: which of its addresses is next, when to look up, which root to trust."""

import asyncio
import gc
import random
import time

from micropython import const

from .errors import Unreachable, Untrusted, no_memory
from .http_message import host_field
from .transport import Transport, is_within, look_up, tls_context

_KEPT_MS = const(60_000)
_LINK_MS = const(10_000)  # a stream that has lasted so long was a link: REST requests are shorter
_BLOCKED_MS = const(1_000)
_FIRST_WAIT_MS = const(2_000)
_QUICK_MISSES = const(4)
_LONG_WAIT_MS = const(30_000)  # up to …
_LONGEST_WAIT_MS = const(60_000)  # … this
_MOST_FAILED = const(16)
# From a change of the status to the screen it passes through half a dozen turns of tasks.
_TURN_MS = const(50)


class Endpoint:
    """A server to connect to, and which of its addresses to try next.

    host, port: as in the URL, but an IPv6 address without brackets.
    roots: the certificates to trust, DER bytes: a list, a tuple, or an object with a length that is
    indexed whenever a root is needed, so that it may load it then; None for plain TCP.
    host_field: the value of the Host header, with the port unless it is the scheme's default.

    A look-up blocks the whole event loop, so few are made. None while a stream to this endpoint is
    up, nor for the first connect after the end of a link: they use that address. One that has found
    addresses serves every connect for 60 s. After one that has found none, no other is made for 2,
    4, 8, 16 s, then 30 to 60 s at random (at once so long if it has blocked for more than 1 s).
    Connects begin with the address that answered last, else with the first one behind the last
    failure that has not failed.
    before_look_up(): called before a look-up if nothing has answered since the last connect, so
    that this one may block for long; or None.

    One root at a time is in TLS's memory (2 kB each), the one that verified last. If the server's
    certificate leads to another one now, Transport.write tries the others.
    Raises Untrusted (`certificate`) if a root can't be used or `roots` is empty.
    """

    def __init__(self, host: str, port: int, roots=None) -> None:
        self.host = host
        self.port = port
        self.is_tls = roots is not None
        self.host_field = host_field(host, port, self.is_tls)
        self._roots = roots
        self._root = 0
        self._context = None  # trusts one root: _roots[_root]
        # Addresses are rows of getaddrinfo, but those that failed: only what to connect to.
        self._up: list = []  # of the streams that have received something
        self._last = None  # answered last
        self._of_link = None  # of the link that has ended last, until the next connect's end
        self._found: list = []  # by the last look-up …
        self._found_ms = 0  # … at these ticks
        self._failed: list = []  # the last failure last
        self._misses = 0  # look-ups in a row that found nothing
        self._wait_end_ms = 0  # ticks until which no other is made
        self._is_answered = True  # the last connect, unless it is under way
        self.before_look_up = None
        if self.is_tls:
            if not len(roots):
                raise Untrusted("certificate", "there are no trust roots")
            try:
                for at in range(len(roots) - 1, -1, -1):
                    # All at once take less than a connection; the first connect collects them.
                    self._context = tls_context(roots[at])
            except Unreachable:
                self._context = None  # there is no memory now: a connect says so

    def open(self) -> Transport:
        """A new stream, which WebSocketClient.open connects, or else its own `open()`.

        Raises Unreachable (`memory`).
        """
        try:
            return Transport(self)
        except MemoryError:
            raise no_memory()

    def network_changed(self) -> None:
        """The network has come up or is another one: the next connect may look up at once."""
        self._misses = 0
        self._found = []

    def tls_context(self):
        """A TLS context that trusts one root. Raises Untrusted or Unreachable (`memory`)."""
        if self._context is None:
            self._trust(self._root)
        return self._context

    def trust_next(self, refused) -> int:
        """Trust the next root: no path led to that of the context `refused`.

        Gives the number of roots. Raises Untrusted or Unreachable (`memory`).
        """
        count = len(self._roots)
        if refused is self._context and count > 1:  # else another stream was faster
            self._trust((self._root + 1) % count)
        return count

    def _trust(self, at: int) -> None:
        self._root = at
        self._context = None
        gc.collect()  # TLS's memory is freed with the last context
        self._context = tls_context(self._roots[at])

    async def next_address(self):
        """The address for a new connect, a row of getaddrinfo. It may have to be looked up.

        Raises Unreachable (`name`, with wait_ms; `memory`).
        """
        has_turned = False
        while not (
            self._up or self._of_link or (self._found and is_within(self._found_ms, _KEPT_MS))
        ):
            left_ms = time.ticks_diff(self._wait_end_ms, time.ticks_ms())
            # Ticks wrap: a wait that was over days ago must not count again.
            if self._misses and 0 < left_ms <= _LONGEST_WAIT_MS:
                error = Unreachable("name", "the name %s was not found" % self.host)
                error.wait_ms = left_ms
                raise error
            if has_turned:
                self._look_up()
            else:
                # A look-up blocks: first all other tasks run, so that light and console are right.
                if self.before_look_up and not self._is_answered:
                    self.before_look_up()
                await asyncio.sleep_ms(_TURN_MS)
                has_turned = True
        self._is_answered = False
        if self._up:
            return self._up[-1]
        return self._of_link or self._first_to_try()

    def _look_up(self) -> None:
        begun_ms = time.ticks_ms()
        found = look_up(self.host, self.port)
        now_ms = time.ticks_ms()
        if found:
            self._misses = 0
            self._found = found
            self._found_ms = now_ms
            return
        if self._misses >= _QUICK_MISSES or time.ticks_diff(now_ms, begun_ms) > _BLOCKED_MS:
            wait_ms = random.randrange(_LONG_WAIT_MS, _LONGEST_WAIT_MS + 1)
        else:
            wait_ms = _FIRST_WAIT_MS << self._misses
        self._misses += 1
        self._wait_end_ms = time.ticks_add(now_ms, wait_ms)

    def _first_to_try(self):
        found = self._found
        failed = self._failed
        addresses = [info[-1] for info in found]
        at = addresses.index(failed[-1]) + 1 if failed and failed[-1] in addresses else 0
        order = found[at:] + found[:at]
        if self._last is not None and self._last[-1] in addresses:
            order.insert(0, self._last)
        for info in order:
            if info[-1] not in failed:
                return info
        # All have failed: another round.
        self._failed = failed[-1:]
        return found[at % len(found)]

    def answered(self, info) -> None:
        """A stream to this address has received something."""
        if self._of_link:
            self._of_link = None
            self._found = [info]  # it need not be looked up for the next connect either
            self._found_ms = time.ticks_ms()
        if info[-1] in self._failed:
            self._failed.remove(info[-1])
        self._last = info
        self._is_answered = True
        self._up.append(info)

    def ended(self, info, answered_ms: int | None) -> None:
        """A stream to this address has ended, which answered at these ticks; None: it did not."""
        if answered_ms is not None:
            self._up.remove(info)
            # Not `older than`: after 6 days a difference of ticks may be negative.
            if not is_within(answered_ms, _LINK_MS):
                self._of_link = info
        elif info in self._up or info[-1] in self._failed:
            pass  # nothing new
        elif self._of_link == info:
            # Perhaps the network's fault, which has ended the link too. So it has not failed yet.
            self._of_link = None
            self._found = []
        else:
            try:
                self._failed.append(info[-1])
            except MemoryError:
                return  # then it may be tried once more
            if len(self._failed) > _MOST_FAILED:
                self._failed.pop(0)
