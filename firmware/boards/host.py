"""Board `host`: this computer, under the unix port, with its own network and clock.

How to add a board: see esp32_devkit.py.
"""

from .. import timestamps


class Host:
    """A `network` and a `clock` for pilotlight.Agent."""

    def is_up(self) -> bool:
        """True: the computer manages its own network."""
        return True

    def now_s(self) -> int | None:
        """Seconds since 1970."""
        return timestamps.now_s()

    async def ensure_set(self) -> bool:
        """True: the computer's clock is set."""
        return True


def network(values: dict, log) -> Host:
    """The computer's network."""
    return Host()


def clock(values: dict, storage, log) -> Host:
    """The computer's clock."""
    return Host()
