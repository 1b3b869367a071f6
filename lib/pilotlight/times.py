"""Every interval and timeout, each once: integers of milliseconds (or percent)."""


class Times:
    """The times that a device runs by; a test brings its own: `Times(heartbeat_ms=150)`.

    Raises ValueError for a name that does not exist.
    """

    # The socket. Frame.io's status guide: it closes a socket after 60 s of silence, and recommends
    # a heartbeat every 15 s.
    heartbeat_ms = 15_000
    reply_ms = 12_000
    stall_ms = 10_000  # connect, join or request: so long without a byte …
    total_ms = 20_000  # … and so long in all
    close_ms = 2_000  # a close handshake

    # Coming back.
    backoff_base_ms = 1_000
    backoff_cap_ms = 60_000
    settled_ms = 60_000  # joined for so long: the backoff begins at its base again
    restart_low_ms = 5_000  # after close 1012 or 1013, as IANA's registration of 1012 asks
    restart_high_ms = 30_000
    rejoin_ms = (1_000, 2_000, 5_000, 10_000)

    # What REST asks, and how often.
    identity_spacing_ms = 60_000  # Frame.io's status guide: at most once in 60 s, begin to begin
    identity_online_ms = 300_000
    health_ms = 20_000
    rate_limit_base_ms = 1_000  # after a 429: wait 1 s, then double
    rate_limit_cap_ms = 60_000

    fallback_after_ms = (
        180_000  # REST works and the socket does not: so long, and then the HTTP heartbeat
    )
    fallback_low_ms = (
        60_000  # from one HTTP heartbeat to the next, at random (Frame.io: at most once a minute)
    )
    fallback_high_ms = 120_000
    fallback_good_ms = 270_000  # so long does one keep the device online (Frame.io: 5 min)

    # The last resort, counted while the network claims to be up and Frame.io does not answer.
    unproven_step_ms = 20_000  # shorter than proof_ms, so that no answer is overlooked
    network_restart_ms = 600_000
    reset_after_ms = 1_800_000
    reset_spacing_ms = 3_600_000  # since power-on or the last reset
    # A request that takes so long is stuck, or the application has forgotten to release the slot.
    stuck_ms = 600_000

    # Pairing and tokens.
    pairing_ms = 600_000  # a code is renewed for so long
    refresh_low_percent = 70  # of the access token's life
    refresh_high_percent = 80

    # What is shown.
    proof_ms = 29_000  # so long does an answer prove that Frame.io can be reached
    starting_ms = 3_000
    network_check_ms = 1_000  # for a network that comes up without a call of network_changed()
    longest_sleep_ms = (
        3_600_000  # ticks can only be compared over days: nothing sleeps longer than this
    )

    def __init__(self, **others) -> None:
        for name, value in others.items():
            if not hasattr(Times, name):
                raise ValueError("there is no time named %s" % name)
            setattr(self, name, value)
