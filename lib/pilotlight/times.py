"""Every interval and timeout, each once, in milliseconds (or percent); and whether one is over."""

import time


class Times:
    """The times that a device runs by; a test brings its own: `Times(heartbeat_ms=150)`.

    Of a pair, a time between both is drawn at random.
    Raises ValueError for a name that does not exist.
    """

    # The socket. Frame.io's status guide: it closes a socket after 60 s of silence, and recommends
    # a heartbeat every 15 s.
    heartbeat_ms = 15_000
    first_heartbeat_ms = 3_000  # its answer shows that the socket works: see Session
    reply_ms = 12_000  # below heartbeat_ms: the next one waits until this is over
    late_reply_ms = 1_000  # more for a reply if the device itself woke late
    stall_ms = 10_000  # connect, join or request: so long without a byte …
    total_ms = 20_000  # … and so long in all
    tls_total_ms = 30_000  # where there is TLS: four round trips more
    close_ms = 2_000  # a close handshake
    stray_close_ms = 1_000  # a channel that ends so soon after a rejoin needs a new socket

    # Coming back: full jitter.
    backoff_base_ms = 1_000
    backoff_dropped_ms = 5_000  # the base after the server ended the link unannounced
    backoff_cap_ms = 60_000
    restart_ms = (5_000, 30_000)  # after close 1012 or 1013, as IANA's registration of 1012 asks
    rejoin_ms = (1_000, 2_000, 5_000, 10_000)  # each ± rejoin_percent
    rejoin_percent = 20
    network_settled_ms = 60_000  # a network that has lasted for so long is no longer a new one
    clock_ms = 120_000  # to set the clock

    # What REST asks, and how often.
    identity_spacing_ms = 60_000  # Frame.io's status guide: at most once in 60 s; end to begin
    identity_ms = (240_000, 360_000)  # while online
    identity_failed_ms = 300_000  # the longest spacing after failures …
    identity_unknown_ms = 120_000  # … and while it is not known whether the device is paused
    health_first_ms = 14_000  # after a socket's end: 0 to so long
    health_ms = (15_000, 25_000)
    outage_ms = 900_000  # without any answer for so long …
    health_outage_ms = (90_000, 120_000)  # … health is asked less often beside tries to connect …
    health_alone_ms = (45_000, 60_000)  # … and so often without them
    health_unpaired_ms = (120_000, 300_000)
    rate_limit_base_ms = 1_000  # after a 429: wait 1 s, then double
    rate_limit_cap_ms = 60_000
    retry_after_cap_ms = 300_000  # what the server asks for, times 1 to 1.5
    # A request of the application's waits so long in all where the server asks for patience …
    patience_ms = 60_000
    next_token_ms = 60_000  # … and for the next token after a 401

    # The HTTP heartbeat (Frame.io: at most once a minute, at least every 5 min).
    fallback_after_ms = 180_000  # so long after REST works and the socket does not
    fallback_ms = (60_000, 120_000)
    fallback_good_ms = 270_000  # so long does one keep the device online

    # Recovery, counted while the network claims to be up and Frame.io does not answer.
    unproven_step_ms = 20_000  # shorter than proof_ms, so that no answer is overlooked
    network_restart_ms = 600_000
    reset_after_ms = 1_800_000
    reset_spacing_ms = 3_600_000  # since power-on or the last reset
    # A request that takes so long is stuck, or the application has forgotten to release the slot.
    stuck_ms = 600_000

    # Pairing and tokens.
    pairing_ms = 600_000  # a code is renewed for so long
    code_shortest_ms = 30_000  # to type in a code; one with a shorter life is not shown
    refresh_percent = (70, 80)  # of the access token's life
    refresh_spacing_ms = 60_000  # from one refresh to the next, whatever life the answer claims
    refresh_long_ms = 1_800_000  # failures for so long: then up to refresh_cap_ms apart
    refresh_cap_ms = 900_000
    refresh_lost_ms = 60_000  # if an answer may be lost: doubled from here …
    refresh_lost_cap_ms = 1_200_000  # … to here
    client_refused_ms = 60_000  # doubled to refresh_cap_ms
    unknown_verdict_ms = 600_000  # three unknown verdicts in so long or more end the pairing
    refresh_for_403_ms = 3_600_000  # at most one refresh in so long for a refused upgrade

    # Memory.
    no_memory_ms = 1_000  # what has found none is tried again after this
    room_spacing_ms = 3_600_000  # the socket makes room for a request at most so often …
    room_unknown_ms = 600_000  # … and while it is not known whether the device is paused

    # What is shown.
    proof_ms = 29_000  # so long does an answer prove that Frame.io can be reached …
    proof_fallback_ms = 130_000  # … and in the HTTP fallback
    look_up_ms = 22_000  # lwIP waits 7.3 s for each name server, and has up to three
    proof_check_ms = 5_000  # from one look to the next where another time counts
    paused_kept_ms = 180_000  # the last known pause is shown so long over a reconnect
    starting_ms = 3_000
    network_check_ms = 1_000  # for a network that comes up without a call of network_changed()
    longest_sleep_ms = 3_600_000  # nothing sleeps longer: ticks can only be compared over days

    def __init__(self, **others: int | tuple[int, ...]) -> None:
        for name, value in others.items():
            if not hasattr(Times, name):
                raise ValueError("there is no time named %s" % name)
            setattr(self, name, value)


class Recent:
    """Whether something has happened lately. It begins as "has not"."""

    def __init__(self) -> None:
        self._span_ms = 0
        self._since_ms = 0

    def happened(self, now_ms: int, span_ms: int) -> None:
        """It happens now, and counts as lately for span_ms."""
        self._span_ms = span_ms
        self._since_ms = now_ms

    def left_ms(self, now_ms: int) -> int:
        """How many ms of the span are left; 0 if it is over."""
        left_ms = self._span_ms - time.ticks_diff(now_ms, self._since_ms)
        if not 0 < left_ms <= self._span_ms:
            self._span_ms = 0  # ticks wrap: after days it would look recent again
        return left_ms if self._span_ms else 0
