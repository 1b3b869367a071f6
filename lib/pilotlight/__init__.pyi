"""The types of Pilotlight, for editors and type checkers; MicroPython never reads this file."""

from typing import Protocol

from .agent import Agent as Agent
from .credentials import NotAuthorized as NotAuthorized
from .frameio_api import ApiError as ApiError
from .net.errors import NetError as NetError
from .settings import Settings as Settings
from .settings import SettingsError as SettingsError
from .times import Times as Times

__version__: str

class Network(Protocol):
    """The link: Wi-Fi, Ethernet or whatever the product has.

    It may have more, which an Agent looks for: `reason`, one short word for why the link is down,
    or None; `wedged`, True while the driver does nothing that it is asked for; and `async
    restart()`, which takes the link down and up again, and may raise OSError. Call
    `Agent.network_changed()` whenever `is_up()` or `reason` changes.
    """

    def is_up(self) -> bool:
        """True while there is a link with an address."""

class Storage(Protocol):
    """Small records that outlive the power: `identity`, `client` and `authorization`.

    `authorization` holds tokens, which are secrets. Both methods may raise OSError.
    """

    def load(self, name: str) -> dict[str, str | int] | None:
        """The record as it was saved, or None if there is no such record."""

    def save(self, name: str, record: dict[str, str | int]) -> None:
        """Keep a record of texts and integers.

        After a power cut at any moment the record is wholly the old or wholly the new one.
        """

class Clock(Protocol):
    """The time, which TLS and tokens need."""

    def now_s(self) -> int | None:
        """Seconds since 1970 (UTC), or None while the time is not known."""

    async def ensure_set(self) -> bool:
        """Set the clock if it is not set. True once the time is known."""
