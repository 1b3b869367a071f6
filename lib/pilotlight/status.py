"""DeviceStatus: what is known about the device, for any number of observers.

Two functions decide what is shown, and in each the first match counts: `state_of`, the ladder of
states, and `reason_of`. Nothing else decides it. The states' lights are in the firmware's
indication, their words in its strings; README's table is generated from these.
"""

from micropython import const

from .net.deadline import TimedEvent

# Facts that are not shown themselves. They only explain why the state is not better.
_CAUSES = const(
    (
        "starting_is_over",
        "network_reason",
        "request_reason",
        "link_reason",
        "authorization_reason",
        "pairing_is_wanted",
        "client_refused",
        "identity_failed",
        "unsaved",
    )
)


def state_of(status) -> str:
    """The state that a DeviceStatus shows: the ladder, from the top."""
    if status.fault:
        return "fault"
    if status.starting:
        return "starting"
    if not status.network_up:
        return "no_network"
    if status.user_code:
        return "pairing"
    if not status.connected:
        return "no_backend"
    if not status.authorized:
        return "unpaired"
    if not status.online or status.paused is None:
        return "joining"
    return "paused" if status.paused else "online"


def reason_of(status) -> str | None:
    """Why the state is not better: one short word, or None. The first match counts."""
    return _reason(status) or ("not_stored" if status.unsaved else None)


def _reason(status) -> str | None:
    if status.fault:
        return status.fault
    if not status.network_up:
        return status.network_reason
    if not status.authorized and status.user_code is None:
        if status.pairing_is_wanted:  # why there is no code yet
            return status.request_reason or status.link_reason or "code_requested"
        return status.authorization_reason
    if status.online and status.connected and status.paused is None and status.identity_failed:
        return "paused_unknown"
    if status.joined:
        return None
    if not status.connected and status.request_reason is not None:
        return status.request_reason
    if status.fallback:
        return "http_fallback"
    return "client_refused" if status.client_refused else status.link_reason


class DeviceStatus:
    """The facts, and a version that rises when something shown changes.

    Each fact is written by one part of the agent (docs/architecture.md), with `update`.

    fault: why the firmware can't run, as a reason word, or None. Pass it to the constructor for a
    status that no agent updates.
    network_up: there is a link and an address.
    connected: the Frame.io backend answers.
    authorized: there is an authorization, as far as known.
    joined: the channel is joined. fallback: it is not, and HTTP heartbeats keep the device online.
    paused: True, False or None (unknown).
    name, project, creator, expires_at: text from identity, or None. name: the device's.
    user_code: the code to type in while pairing, or None.
    verification_uri, verification_uri_complete: where to type it in; the second holds the code,
    as a QR code shows it. Each may be None although there is a code.
    application: what the application shows beside all this, an object of its own, or None.

    Computed from these:
    starting: nothing is known yet, in the first seconds after power-on.
    state: the visible state, see `state_of`. reason: why it is not better, see `reason_of`.
    version: rises by one when a shown fact, the state or the reason changes.

    Causes, for `reason_of` and `starting`: starting_is_over (the first seconds have passed);
    network_reason, request_reason, link_reason, authorization_reason (why there is no network, why
    the last request failed, why there is no joined socket, why there is no authorization; a word or
    None); pairing_is_wanted (a code is shown, or will be as soon as there is one); client_refused
    (Frame.io refuses the model's secret or the unit's id); identity_failed (the last identity
    request was not answered with what was asked for); unsaved (how many records can't be stored, or
    have no room for their next version).
    """

    def __init__(self, fault: str | None = None) -> None:
        self.fault = fault
        self.network_up = True
        self.connected = False
        self.authorized = True
        self.joined = False
        self.fallback = False
        self.paused: bool | None = None
        self.name: str | None = None
        self.project: str | None = None
        self.creator: str | None = None
        self.expires_at: str | None = None
        self.user_code: str | None = None
        self.verification_uri: str | None = None
        self.verification_uri_complete: str | None = None
        self.application = None
        self.starting_is_over = False
        self.network_reason: str | None = None
        self.request_reason: str | None = None
        self.link_reason: str | None = None
        self.authorization_reason: str | None = None
        self.pairing_is_wanted = False
        self.client_refused = False
        self.identity_failed = False
        self.unsaved = 0
        self.starting = True
        self.state = state_of(self)
        self.reason = fault
        self.version = 1
        self._changed = TimedEvent()

    @property
    def online(self) -> bool:
        """Frame.io shows the device as online: by the socket, or by HTTP heartbeats."""
        return self.joined or self.fallback

    def update(self, **facts: object) -> None:
        """Set facts by name, and compute state and reason from them."""
        changed = shown = False
        for name, value in facts.items():
            if getattr(self, name) != value:
                setattr(self, name, value)
                changed = True
                shown = shown or name not in _CAUSES
        if not changed:
            return
        if self.starting:
            known = self.network_reason or self.request_reason or self.link_reason
            unpaired = not self.authorized and not self.pairing_is_wanted
            over = self.starting_is_over or self.connected
            self.starting = not (known or unpaired or over)
        state, reason = state_of(self), reason_of(self)
        if shown or state != self.state or reason != self.reason:
            self.state = state
            self.reason = reason
            self.version += 1
            # Setting wakes all who wait, so clearing at once misses none.
            self._changed.set()
            self._changed.clear()

    async def wait(self, version: int, wait_ms: int = 0) -> int:
        """Wait until the version differs from `version`; the new one. With 0 it returns at once.

        An observer sees the newest facts. Changes in quick succession may be seen as one.
        wait_ms: if not 0, it waits at most so long; the version may be the same then.
        """
        while self.version == version:
            if wait_ms:
                await self._changed.wait(wait_ms)
                break
            await self._changed.wait()
        return self.version
