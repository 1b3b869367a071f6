"""One round of NTP questions, and Frame.io's time where no server answers. clock.py loads it.

Stock `ntptime` blocks during the name lookup, and for up to one second for the answer. Before each
server all other tasks get a turn.

The default servers are public ones whose operators offer them to any device, with no vendor zone to
apply for, as pool.ntp.org wants for a product (Google: developers.google.com/time/faq, suitable for
all types of Internet-connected devices; Cloudflare: developers.cloudflare.com/time-services/ntp;
Amazon: EC2's user guide, public Amazon Time Sync Service, for what is outside of EC2). Read their
terms before you ship them, or configure servers of your own.
"""

import asyncio
import time

import ntptime
from micropython import const

from .. import timestamps

_SERVERS = const(("time.google.com", "time.cloudflare.com", "time.aws.com"))
_TIMEOUT_S = const(1)
_LOOK_UP_MS = const(2_500)  # a failure that took longer than this and the timeout: a look-up
_TURN_MS = const(50)  # as in pilotlight.net.endpoint


async def ask(clock) -> tuple:
    """Set the clock, a Clock, by the first plausible answer of its servers, or by Frame.io's.

    Gives (whether one has answered, what happened in words).
    """
    said = ""
    has_answer = is_blocked = False
    servers = clock.servers or _SERVERS
    for i in range(len(servers)):
        server = servers[(clock.first + i) % len(servers)]
        ntptime.host = server
        ntptime.timeout = _TIMEOUT_S
        await asyncio.sleep_ms(_TURN_MS)
        begun_ms = time.ticks_ms()
        try:
            answer_s = ntptime.time() + timestamps.EPOCH_S
            has_answer = clock.accepts(answer_s)
            if has_answer:
                clock.set(answer_s, "ntp")
                said += " %s answers" % server
                break
            said += " %s is wrong," % server
        # IndexError: no address. ValueError: a short answer.
        except (OSError, IndexError, ValueError, MemoryError) as error:
            said += " %s: %s," % (server, error)
            is_blocked = time.ticks_diff(time.ticks_ms(), begun_ms) > _LOOK_UP_MS
        if is_blocked:
            break  # the name server is silent: it would block as long for each name
    if clock.frameio and not has_answer:
        try:
            from . import http_date

            has_answer, of_frameio = await http_date.ask(clock)
            said += of_frameio
        except MemoryError:
            said += " Frame.io: memory"
    return has_answer, said
