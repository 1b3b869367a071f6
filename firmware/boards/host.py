"""Board `host`: this computer, under the unix port. The network is the computer's, always up as far as anybody can tell here;
the clock is the computer's too.

A board module has `network()` and `clock()`, made as `Agent` asks for them, and `LOG_ON_STDERR`: where log lines go when
stdout is the console's.
"""

import time

LOG_ON_STDERR = True


class _Network:
    def is_up(self) -> bool:
        """True: the computer looks after its own network."""
        return True


class _Clock:
    def now_s(self) -> int | None:
        """Seconds since 1970."""
        return int(time.time())

    async def ensure_set(self) -> bool:
        """True: the computer's clock is set."""
        return True


def network() -> _Network:
    """The board's network."""
    return _Network()


def clock() -> _Clock:
    """The board's clock."""
    return _Clock()
