"""Board `host`: this computer, under the unix port. The network is the computer's, always up as far as anybody can tell here;
the clock is the computer's too.

A board module has `network(values)` and `clock(values, storage)`, made as `Agent` asks for them. values: the configuration, by
the keys of config.SCHEMA. What they give may have a task of its own, `run`: see wifi.py and clock.py.
"""

import time


class _Host:
    def is_up(self) -> bool:
        """True: the computer looks after its own network."""
        return True

    def now_s(self) -> int | None:
        """Seconds since 1970."""
        return int(time.time())

    async def ensure_set(self) -> bool:
        """True: the computer's clock is set."""
        return True


def network(values) -> _Host:
    """The board's network."""
    return _Host()


def clock(values, storage) -> _Host:
    """The board's clock."""
    return _Host()
