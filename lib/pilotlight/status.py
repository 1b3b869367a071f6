"""DeviceStatus: what is known about the device, for any number of observers."""

import asyncio

from .states import state_of


class DeviceStatus:
    """The facts, and a version that rises with each change. Only the agent writes it (or whoever has no agent to run).

    fault: reason word of an unusable configuration or trust store, or None.
    starting: nothing is known yet, in the first seconds after power-on.
    network_up: there is a link and an address.
    connected: the Frame.io backend answers.
    authorized: there is an authorization, as far as known.
    joined: the channel is joined. fallback: it is not, and HTTP heartbeats keep the device online.
    verified: identity has answered or failed since power-on.
    paused: True, False or None (unknown).
    project, creator, expires_at: text from identity, or None.
    user_code: the code to be typed in while pairing, or None. verification_uri, verification_uri_complete: where; the second
    holds the code, as a QR code shows it. Each may be None although there is a code.
    reason: why the state is not better, one short word, or None.
    version: rises by one with each change.
    """

    def __init__(self) -> None:
        self.fault: str | None = None
        self.starting = True
        self.network_up = True
        self.connected = False
        self.authorized = True
        self.joined = False
        self.fallback = False
        self.verified = False
        self.paused: bool | None = None
        self.project: str | None = None
        self.creator: str | None = None
        self.expires_at: str | None = None
        self.user_code: str | None = None
        self.verification_uri: str | None = None
        self.verification_uri_complete: str | None = None
        self.reason: str | None = None
        self.version = 1
        self._changed = asyncio.Event()

    @property
    def state(self) -> str:
        """The visible state: the first match in the ladder of `states.py`."""
        return state_of(self)

    @property
    def online(self) -> bool:
        """Frame.io shows the device as online: by the socket, or by HTTP heartbeats."""
        return self.joined or self.fallback

    def update(self, **facts) -> bool:
        """Set facts; True, and a new version, if any of them is new."""
        changed = False
        for name, value in facts.items():
            if getattr(self, name) != value:
                setattr(self, name, value)
                changed = True
        if changed:
            self.version += 1
            # Setting moves all who wait to the run queue, so clearing at once loses nobody.
            self._changed.set()
            self._changed.clear()
        return changed

    async def wait(self, version: int) -> int:
        """Wait until the version differs from `version`; the new one. Begin with 0: it returns at once.

        An observer sees the newest facts; changes in quick succession may be seen as one, none is missed.
        """
        while self.version == version:
            await self._changed.wait()
        return self.version
