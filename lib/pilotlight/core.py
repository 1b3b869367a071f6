"""What every part of the agent works with, as one object. It is made first."""

import asyncio
import sys

from micropython import const

from .status import DeviceStatus

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from . import Clock, Network, Storage
    from .times import Times


class Core:
    """The embedding application's parts, the times, the log and the status.

    network, storage, clock: the application's (docs/embedding.md says what each must have).
    times: a Times. status: the DeviceStatus.
    log: called with a line of text for the maintainer, which must hold no secret.
    check_in: called as check_in(name, within_ms): this task will check in again within so long, or
    is stuck. log and check_in may be given as None: then nothing is called.
    on_network_changed: called as on_network_changed(up) after the network came up, went away or
    became another one. The agent sets it.
    """

    def __init__(
        self,
        network: Network,
        storage: Storage,
        clock: Clock,
        times: Times,
        log=None,
        check_in=None,
    ) -> None:
        self.status = DeviceStatus()
        self.network = network
        self.storage = storage
        self.clock = clock
        self.times = times
        self.log = log or _ignore
        self.check_in = check_in or _ignore
        self.on_network_changed = _ignore

    def unload(self, *modules: str) -> None:
        """Free the memory of modules of this package, once nothing uses them any more.

        An import loads them again. Without memory for this they stay loaded.
        """
        try:
            for module in modules:
                package, _, name = ("pilotlight." + module).rpartition(".")
                if sys.modules.pop("%s.%s" % (package, name), None) is not None:
                    delattr(sys.modules[package], name)
        except MemoryError:
            pass

    def check_network(self, changed: bool = False) -> None:
        """Compare the network with the status: a change may come without a call.

        changed: the network has come up, gone away or become another one.
        """
        up = self.network.is_up()
        changed = changed or up != self.status.network_up
        reason = getattr(self.network, "reason", None)
        if changed or (not up and reason != self.status.network_reason):
            self.status.update(network_up=up, network_reason=reason)
        if changed:
            self.on_network_changed(up)

    async def set_clock(self) -> bool:
        """Wait until the time is known, at most times.clock_ms. True if it is."""
        try:
            return await asyncio.wait_for_ms(self.clock.ensure_set(), self.times.clock_ms)
        except asyncio.TimeoutError:
            return False

    async def end_starting(self) -> None:
        """Wait for the end of the first seconds, in which nothing need be known."""
        await asyncio.sleep_ms(self.times.starting_ms)
        self.status.update(starting_is_over=True)


def _ignore(*told) -> None:
    """In place of a callback that is not given."""
