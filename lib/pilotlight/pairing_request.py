"""The request for a pairing code: from the user's wish, or a restart, to the end of the pairing.

Loaded when a code is asked for.
"""

from micropython import const

from .credentials import NotAuthorized

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from .core import Core
    from .credentials import Credentials
    from .requests import Requests


class PairingRequest:
    """Writes `pairing_is_wanted`. `is_asked`: a code was asked for, and no pairing has begun."""

    def __init__(self, core: Core, requests: Requests, credentials: Credentials) -> None:
        self._core = core
        self._requests = requests
        self._credentials = credentials
        self._pairing = None  # the Pairing under way
        self.is_asked = False
        self._is_urgent = False  # the user has asked since the last `take_urgent`

    def start(self, is_urgent: bool) -> bool:
        """A code is asked for: by the user (is_urgent), or by a restart.

        False if a pairing is under way already.
        """
        if self._goes_on():
            return False
        self.is_asked = True
        self._is_urgent = is_urgent
        self._show()
        return True

    def cancel(self) -> None:
        """The user wants no code any more."""
        self.is_asked = False
        if self._pairing is not None:
            self._show_end("cancelled")
            self._pairing.cancel()
        self._show()

    def take_urgent(self) -> bool:
        """Whether the user asks for a code just now; true once.

        Shows whether a code is wanted: before, there may have been no memory for it.
        """
        self._show()
        is_urgent, self._is_urgent = self._is_urgent, False
        return is_urgent and not self._credentials.authorized

    async def run(self) -> bool:
        """Pair. Returns True if the device is paired, False if the pairing has ended without.

        After a MemoryError, or a NetError because the time is not known, a code is still asked for:
        call it again, and it goes on.
        """
        credentials = self._credentials
        pairing = self._pairing
        self.is_asked = has_ended = False
        try:
            if pairing is None:
                pairing = self._pairing = self._new_pairing()
            await pairing.run()
        except NotAuthorized as error:
            has_ended = True
            self._forget()
            self._show_end(error.reason)
            self._core.log("not paired: %s" % error)
        finally:
            if not has_ended and (pairing is None or self._goes_on()):
                self.is_asked = True
            self._show()
        return credentials.authorized

    def _show(self) -> None:
        pairing = self._pairing
        if pairing is not None and not self._goes_on():
            pairing.hide()
            self._forget()
        is_wanted = self.is_asked or self._pairing is not None
        self._core.status.update(pairing_is_wanted=is_wanted)

    def _show_end(self, reason: str) -> None:
        self._credentials.reason = reason
        self._credentials.show()

    def _forget(self) -> None:
        self._pairing = None
        self._core.unload("pairing")

    def _new_pairing(self):
        from .pairing import Pairing

        tokens = self._credentials
        return Pairing(self._core, self._requests, tokens)  # type: ignore[arg-type]  # no fixed one

    def _goes_on(self) -> bool:
        """A pairing is under way."""
        pairing = self._pairing
        return pairing is not None and not (pairing.cancelled or self._credentials.authorized)
