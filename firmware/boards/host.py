"""Board `host`: this computer, under the unix port. The network is the computer's, always up as far as anybody can tell here;
the clock is the computer's too.

How to add a board: see esp32_devkit.py.
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


def network(values: dict, log) -> _Host:
    """The board's network."""
    return _Host()


def clock(values: dict, storage, log) -> _Host:
    """The board's clock."""
    return _Host()
