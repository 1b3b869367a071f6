"""Setup mode: the device opens an access point, and a phone gives it a Wi-Fi network on a page.

parts.py starts it in place of the agent, if no network is known or the button was held for it. It
ends after 10 min, by another hold, or with a network that has been tried and stored. A restart
follows, because radio and heap are then as after any start.
"""

import asyncio
import gc
import os
import time

import network
from micropython import const

from pilotlight.status import DeviceStatus

from ..indication import LIGHTS, Indication
from ..network import stored_networks
from ..network.known_networks import checked
from ..network.wifi import DRIVER_ERRORS
from ..network.wifi_attempt import try_all
from ..panel.button import Button
from ..strings import REASONS
from ..text_output import log
from . import captive_dns, setup_screen
from .setup_server import PORT, SetupServer

_LETTERS = const(b"abcdefghjkmnpqrstuvwxyz23456789")  # none that looks like another one
_PASSWORD_LETTERS = const(12)
_WPA2 = const(3)  # network.AUTH_WPA2_PSK
_PHONES = const(4)
_MOST_FOUND = const(20)
_STEP_MS = const(500)
_ANSWER_MS = const(1_000)  # until the phone has its answer: then the radio may change its channel
_TOLD_MS = const(2_000)
_STUCK_MS = const(120_000)
_WAKE_MS = const(60_000)  # sooner than the screen dims


class SetupMode:
    """Setup mode; `run` is its life. The page shows its attributes.

    wifi: the board's Wifi, which has not run. storage: where networks are kept. outputs: (light,
    screen, button) as for a FrontPanel, each may be None. password: of the access point; None: a
    random one. indication: what light and console show.

    name: the access point's. known: networks that it knew at the start. found: (name, dBm, whether
    it is open) of those in range, the strongest first. chosen: the name of the one tried last, or
    "". failure: why it is not connected to that, in words, or "". is_busy: it tries or searches.
    is_done: it has succeeded. is_told: and the page has said so.
    """

    # Tests set their own.
    longest_ms = 600_000
    untold_ms = 30_000  # after a success: the phone may be away

    def __init__(self, wifi, storage, outputs, password: str | None) -> None:
        self.indication = Indication(DeviceStatus())
        self.indication.state, self.indication.reason = "no_network", "setup_mode"
        self.indication.pattern, self.indication.rgb = LIGHTS["no_network"]
        self.known = wifi.networks
        self.found: list = []
        self.chosen = self.failure = ""
        self.is_done = self.is_told = False
        self._wifi = wifi
        self._storage = storage
        self._light, self._screen, self._button = outputs
        self.name = "Pilotlight-%02X%02X" % tuple(wifi.wlan.config("mac")[-2:])
        self._is_secret = password is not None  # and so never printed
        self.password = (
            password
            or bytes(
                [_LETTERS[byte % len(_LETTERS)] for byte in os.urandom(_PASSWORD_LETTERS)]
            ).decode()
        )
        self._network: dict = {}  # what to try next
        self._is_searching = False  # a search is what to do next
        self._is_left = False  # by a hold

    @property
    def is_busy(self) -> bool:
        """Whether it tries a network or searches for some."""
        return bool(self._network) or self._is_searching

    def begin_try(self, network: dict) -> None:
        """Try a network; the outcome is in is_done or failure. Ignored while busy or done."""
        if self.is_busy or self.is_done:
            return
        self.chosen = network["ssid"]
        try:
            self._network = checked([network])[0]
        except ValueError as error:
            # Names the key as in config.json: wifi[0].password
            self.failure = (
                str(error).replace("wifi[0].ssid", "The name").replace("wifi[0].", "The ")
            )

    def begin_scan(self) -> None:
        """Search for networks. Ignored while busy or done."""
        if not self.is_busy and not self.is_done:
            self.chosen = self.failure = ""
            self._is_searching = True

    async def run(self, watchdog) -> None:
        """Setup mode from its begin to its end. watchdog: the supervisor's Watchdog."""
        watchdog.check_in("setup", _STUCK_MS)
        asyncio.create_task(watchdog.run())
        if self._light is not None:
            self._light.show(self.indication.pattern, self.indication.rgb)
        if self._button is not None:
            button = Button(self._button, _nothing, _nothing, self._leave)
            asyncio.create_task(button.run())
        await self._search()
        try:
            address = self._open_access_point()
        except DRIVER_ERRORS as error:
            log("setup: the access point failed: %s" % error)
            self._leave_note()
            return
        if self._screen is not None:
            pages_of = setup_screen.pages_of
            self._screen.show_pages(self.longest_ms, pages_of, self.name, self.password)
            asyncio.create_task(self._screen.run())
        asyncio.create_task(captive_dns.run(address))
        await asyncio.start_server(SetupServer(self, address).serve, "0.0.0.0", PORT)
        log("setup: join the Wi-Fi %s and open http://%s/" % (self.name, address))
        await self._serve(watchdog)

    def close(self) -> None:
        """Switch the access point off: it would outlive the program at the REPL."""
        network.WLAN(network.AP_IF).active(False)

    async def _serve(self, watchdog) -> None:
        begun_ms = done_ms = time.ticks_ms()
        awake_ms = 0
        is_printed = self._is_secret
        while True:
            watchdog.check_in("setup", _STUCK_MS)
            await asyncio.sleep_ms(_STEP_MS)
            if not is_printed and (self._screen is None or self._screen.is_missing):
                is_printed = True
                log("setup: its password is %s" % self.password)
            if self.is_busy:
                await asyncio.sleep_ms(_ANSWER_MS)
                await (self._try() if self._network else self._search())
                self._network, self._is_searching = {}, False
                done_ms = time.ticks_ms()
            age_ms = time.ticks_diff(time.ticks_ms(), begun_ms)
            if self._screen is not None and age_ms > awake_ms:
                awake_ms = age_ms + _WAKE_MS
                self._screen.wake()
            if self.is_done:
                if self.is_told or time.ticks_diff(time.ticks_ms(), done_ms) > self.untold_ms:
                    await asyncio.sleep_ms(_TOLD_MS)
                    return
            elif self._is_left or age_ms > self.longest_ms:
                self._leave_note()
                return

    def _leave(self) -> None:
        self._is_left = True

    def _leave_note(self) -> None:
        """Without a known network the next start would open setup mode again, and so for ever."""
        if self.known:
            return
        try:
            stored_networks.leave_note(self._storage, stored_networks.OVER)
        except (OSError, MemoryError) as error:
            log(str(error))

    async def _try(self) -> None:
        """Connect to the network, and store it if that succeeds."""
        wifi = self._wifi
        wifi.networks = [self._network]
        wifi.ranked = 0
        wifi.has_choice = True
        wifi.failed.clear()
        reason = await try_all(wifi, None)
        if reason is None:
            try:
                stored_networks.add(self._storage, self._network)
                self.is_done = True
                return
            except (OSError, MemoryError) as error:
                log(str(error))
                reason = "not_stored"
        self.failure = "%s. %s." % REASONS[reason]

    async def _search(self) -> None:
        """Find the networks in range. It blocks for about 2 s."""
        self._wifi.networks = []
        await try_all(self._wifi, None)  # without a network it only makes the driver ready
        gc.collect()
        strongest: dict = {}
        try:
            for row in self._wifi.wlan.scan():
                name = _name(row[0])
                if name and row[3] > strongest.get(name, (-1000,))[0]:
                    strongest[name] = (row[3], row[4] == 0)
        except DRIVER_ERRORS as error:
            log("setup: the scan failed: %s" % error)
        found = [(rssi, name, is_open) for name, (rssi, is_open) in strongest.items()]
        found.sort(reverse=True)
        self.found = [(name, rssi, is_open) for rssi, name, is_open in found[:_MOST_FOUND]]

    def _open_access_point(self) -> str:
        """Switch the access point on; return its address. Raises OSError."""
        point = network.WLAN(network.AP_IF)
        point.active(True)
        point.config(ssid=self.name, key=self.password, security=_WPA2, max_clients=_PHONES)
        return point.ifconfig()[0]


def _nothing() -> None:
    pass


def _name(raw: bytes) -> str:
    """A network's name, or "" if it is hidden or no text."""
    try:
        name = raw.decode()
    except ValueError:
        return ""
    return "" if any([byte < 0x20 or byte == 0x7F for byte in raw]) else name
