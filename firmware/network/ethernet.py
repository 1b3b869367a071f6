"""Ethernet: the network of a wired board."""

import asyncio

from micropython import const

from ..unload import unload

_POLL_MS = const(1_000)
_ADDRESS_MS = const(20_000)  # from the cable to an address; also connected without an address
_ADDRESS_POLLS = const(5)  # the address is looked at in every fifth poll: that allocates
_LINK_POLLS = const(5)  # from the driver's start until it must have noticed a cable
_ETH_STARTED = const(1)  # network.ETH_STARTED: no cable, as far as is known yet
_ETH_CONNECTED = const(3)  # network.ETH_CONNECTED: a cable, and no address yet
_NO_ADDRESS = const("0.0.0.0")


class Ethernet:
    """A `network` for pilotlight.Agent. `run` is its task.

    lan: a network.LAN, made by the board's file, which knows the wiring.
    static: a fixed address, the keys of static_address.py; None: DHCP's.
    on_change(): called when the network came up or went down, and when `reason` changed; None: not
    called. It may be set later.
    reason: why the network is not up, a key of strings.REASONS; None while it is up or nothing is
    known.
    """

    def __init__(self, lan, on_change=None, static: dict | None = None) -> None:
        self.reason: str | None = None
        self.on_change = on_change
        self.lan = lan
        self._up = False
        self._is_on = False
        self._static = static

    @staticmethod
    def from_config(values: dict, lan) -> "Ethernet":
        """The Ethernet port of a board. values: the configuration's (key → value)."""
        static = {key: values["ethernet." + key] for key in ("address", "gateway", "dns")}
        return Ethernet(lan, None, static if static["address"] else None)

    def is_up(self) -> bool:
        """Whether there is a link and an address, as far as the driver knows."""
        return self._up

    async def restart(self) -> None:
        """Switch the driver off; `run` switches it on again within a second."""
        self._report(False, self.reason)
        self._is_on = False
        await asyncio.sleep_ms(_POLL_MS)

    async def run(self) -> None:
        """Keep the driver switched on, and watch it, for ever."""
        polls = 0  # since the driver was switched on
        no_address_ms = 0  # how long there has been a cable and no address
        has_address = False
        while True:
            try:
                if not self._is_on:
                    self.lan.active(False)
                    self.lan.active(True)
                    self._set_address()
                    self._is_on = True
                    polls = no_address_ms = 0
                connected = self.lan.isconnected()
                if not connected:
                    has_address = False
                elif not has_address or polls % _ADDRESS_POLLS == 0:
                    has_address = self._has_address()
                if has_address:
                    no_address_ms = 0
                    self._report(True, None)
                elif connected or self.lan.status() == _ETH_CONNECTED:
                    no_address_ms = min(no_address_ms + _POLL_MS, _ADDRESS_MS)
                    if no_address_ms == _ADDRESS_MS:
                        self._report(False, "no_address")
                        self._is_on = not connected  # a lease that ended: begin again
                    elif not connected:
                        self._report(False, self.reason)
                else:
                    no_address_ms = 0
                    is_early = polls < _LINK_POLLS and self.lan.status() == _ETH_STARTED
                    self._report(False, self.reason if is_early else "no_cable")
                polls += 1
            except (OSError, RuntimeError, MemoryError):
                self._is_on = False
                self._report(False, "no_cable")
            await asyncio.sleep_ms(_POLL_MS)

    def _set_address(self) -> None:
        if self._static is not None:
            from . import static_address

            static_address.apply(self.lan, self._static)
            unload("firmware.network.static_address")

    def _has_address(self) -> bool:
        """Whether a connected interface has an IPv4 address. True if that can't be known.

        isconnected() stays True when the DHCP lease ends (ports/esp32/network_lan.c).
        """
        try:
            return self.lan.ipconfig("addr4")[0] != _NO_ADDRESS
        except MemoryError:
            return True

    def _report(self, up: bool, reason: str | None) -> None:
        if up == self._up and reason == self.reason:
            return
        self._up = up
        self.reason = reason
        try:
            if self.on_change is not None:
                self.on_change()
        except MemoryError:
            pass  # the agent also polls is_up()
