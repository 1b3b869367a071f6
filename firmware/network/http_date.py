"""The time of Frame.io's answers, where NTP is blocked. Loaded by clock.py only then.

A certificate can be verified only by a time, so it takes two connections:

1. The first one is not verified. It asks for /health, and its Date (RFC 9110, 5.6.7) is tried: the
   chip's clock is set to it, and nothing else believes it.
2. The second one is verified, as always. Its own Date is the time that is taken.

No token goes over either. Then the chip's clock is put back, and if the second one was trusted, it
is set to that one's Date. So an attacker on the way can't set it, only keep it unset. An old Date
lets a certificate verify that was valid then: that helps an attacker who has its key, and not
below the clock's lower bound (docs/security.md).

How often: with each round of NTP that fails while there is no time at all, else after 5 min. Not
while another request is under way, and not before the time for which Frame.io has asked to wait.
"""

import random
import time

import tls
from micropython import const

from pilotlight.iso_time import seconds_of
from pilotlight.net.backoff import stretched_ms
from pilotlight.net.deadline import Deadline
from pilotlight.net.errors import NetError, Untrusted
from pilotlight.net.http_message import ResponseHead, request_head
from pilotlight.net.transport import Transport
from pilotlight.times import Recent, Times

from .. import timestamps
from .clock import set_chip

_AGAIN_MS = const(300_000)  # up to a quarter more, at random
_BUFFER_BYTES = const(256)
_DATE_CHARACTERS = const(29)  # Sun, 06 Nov 1994 08:49:37 GMT
_MONTHS = const("JanFebMarAprMayJunJulAugSepOctNovDec")
_WRONG = const("its date is missing or wrong")


class _Unverified:
    """An Endpoint, for a connection that believes any certificate. It teaches no address.

    endpoint: the Endpoint.
    """

    is_tls = True

    def __init__(self, endpoint) -> None:
        self.host = endpoint.host
        self.next_address = endpoint.next_address
        self._endpoint = endpoint

    def tls_context(self):
        context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        context.verify_mode = tls.CERT_NONE  # type: ignore[attr-defined]  # not in stubs
        return context

    def trust_next(self, refused) -> int:
        return 0

    def answered(self, info) -> None:
        pass

    def ended(self, info, answered_ms: int | None) -> None:
        if answered_ms is None:
            self._endpoint.ended(info, None)


async def ask(clock) -> tuple:
    """Set the clock, a Clock, by Frame.io's answers.

    Gives (whether it is set, what happened in words: "" if none was to be asked). Raises
    MemoryError.
    """
    if clock.http_pause is None:
        clock.http_pause = Recent()
    has_time = clock.is_good and clock.source != "floor"
    if has_time or clock.http_pause.left_ms(time.ticks_ms()):
        return False, ""
    wrong = await _ask(clock, clock.http_pause)
    return not wrong, " Frame.io: " + (wrong or "its date is taken")


async def _ask(clock, pause: Recent) -> str:
    """Why the clock is not set; "" if it is. pause: Frame.io is not asked again for so long."""
    agent, version = clock.frameio
    slot = agent.request_slot()
    if slot.locked():
        return "another request is under way"
    if clock.source is not None:  # else each round of NTP may end here
        wait_ms = _AGAIN_MS + random.randrange(_AGAIN_MS // 4)
        pause.happened(time.ticks_ms(), wait_ms)
    endpoint = agent.http.endpoint
    begun_ms = time.ticks_ms()
    chip_s, source = timestamps.now_s(), clock.source
    async with slot:
        try:
            tried_s = await _date(Transport(_Unverified(endpoint)), endpoint, version, pause)
            if not clock.accepts(tried_s):
                return _WRONG
            clock.source = None  # no time is known, so nothing else believes this one
            set_chip(max(tried_s, chip_s) if clock.is_good else tried_s)
            seconds = await _date(endpoint.open(), endpoint, version, pause)
        except Untrusted as error:
            return "not trusted: " + error.reason
        except NetError as error:
            return error.reason
        except (OSError, ValueError):  # of the TLS context
            return "memory"
        finally:
            set_chip(chip_s + time.ticks_diff(time.ticks_ms(), begun_ms) // 1000)
            clock.source = source
    if not clock.accepts(seconds):
        return _WRONG
    clock.set(seconds, "http")
    return ""


async def _date(transport: Transport, endpoint, version: str, pause: Recent) -> int:
    """Seconds since 1970 of an answer's Date, whatever its status; 0 if it has no valid one.

    Raises NetError, MemoryError, OSError or ValueError (from TLS).
    """
    try:
        request = request_head(
            "GET",
            "/health",
            endpoint.host_field,
            (("x-client-version", version), ("Connection", "close")),
        )
        buffer = bytearray(_BUFFER_BYTES)
        head = ResponseHead(("date", "retry-after"))
        with Deadline(transport, "asking for the time", Times):
            await transport.open()
            await transport.write(request, 0, len(request))
            count = -1
            while head.feed(buffer, 0, max(0, count)) < 0:
                if not count:
                    return 0
                count = await transport.read(buffer)
    finally:
        transport.close()
    asked_ms = head.retry_after_ms()
    if asked_ms:
        wait_ms = stretched_ms(asked_ms, Times.retry_after_cap_ms, random.randrange)
        if wait_ms > pause.left_ms(time.ticks_ms()):
            pause.happened(time.ticks_ms(), wait_ms)
    return seconds_of_date(head.headers.get("date", ""))


def seconds_of_date(text: str) -> int:
    """Seconds since 1970 of an HTTP date in the form that is sent today; 0 for any other text."""
    month = _MONTHS.find(text[8:11])
    if len(text) != _DATE_CHARACTERS or text[-4:] != " GMT" or month % 3:
        return 0
    iso = "%s-%02d-%sT%s" % (text[12:16], month // 3 + 1, text[5:7], text[17:25])
    return seconds_of(iso) or 0
