"""The request for a pairing code: from the user's wish, or a restart, to the end of the pairing."""

from .core import Core
from .credentials import Credentials, NotAuthorized
from .requests import Requests


class PairingRequest:
    """Writes `pairing_is_wanted`. `is_asked`: a code was asked for, and no pairing has begun."""

    def __init__(self, core: Core, requests: Requests, credentials: Credentials) -> None:
        self._core = core
        self._requests = requests
        self._credentials = credentials
        self._pairing = None  # the Pairing under way
        self.is_asked = not credentials.authorized  # by a restart, or by the user
        self._is_urgent = False  # the user has asked since the last `take_urgent`
        self._show()

    def start(self) -> bool:
        """The user asks for a code. False if a pairing is under way already."""
        if self._pairing is not None and not self._pairing.cancelled:
            return False
        self.is_asked = self._is_urgent = True
        self._show()
        return True

    def cancel(self) -> None:
        """The user wants no code any more."""
        self.is_asked = False
        if self._pairing is not None:
            self._credentials.pairing_ended("cancelled")
            self._pairing.cancel()
        self._show()

    def take_urgent(self) -> bool:
        """Whether the user asks for a code just now; true once."""
        is_urgent, self._is_urgent = self._is_urgent, False
        return is_urgent and not self._credentials.authorized

    async def run(self) -> bool:
        """Pair. Returns True if the device is paired, False if the pairing has ended without."""
        credentials = self._credentials
        self.is_asked = False
        try:
            self._pairing = pairing = self._new_pairing()
            await pairing.run()
            return True
        except MemoryError:
            # Nobody has ended the pairing: it begins again after the backoff.
            is_cancelled = self._pairing is not None and self._pairing.cancelled
            self.is_asked = not credentials.authorized and not is_cancelled
            raise
        except NotAuthorized as error:
            credentials.pairing_ended(error.reason)
            self._core.log("not paired: %s" % error)
            return False
        finally:
            self._pairing = None
            self._show()

    def _new_pairing(self):
        from .pairing import Pairing  # only now: a paired device needs none of it

        tokens = self._credentials
        return Pairing(self._core, self._requests, tokens)  # type: ignore[arg-type]  # no fixed one

    def _show(self) -> None:
        is_under_way = self._pairing is not None and not self._pairing.cancelled
        self._core.status.update(pairing_is_wanted=self.is_asked or is_under_way)
