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

_LETTERS = const("abcdefghjkmnpqrstuvwxyz23456789")  # none that looks like another one
_PASSWORD_LETTERS = const(12)
_WPA2 = const(3)  # network.AUTH_WPA2_PSK
_PHONES = const(4)
_MOST_FOUND = const(20)
_STEP_MS = const(500)
_RELEASE_MS = const(20)
_ANSWER_MS = const(1_000)  # until the phone has its answer: then the radio may change its channel
_TOLD_MS = const(2_000)
_STUCK_MS = const(120_000)


class SetupMode:
    """Setup mode; `run` is its life. The page shows its attributes.

    wifi: the board's Wifi, which has not run. storage: where networks are kept. outputs: (light,
    screen, button) as for a FrontPanel, each may be None. password: of the access point; None: a
    random one. indication: what light and console show.

    name: the access point's. known: the names of the stored networks, the one that worked last
    first. built_in: those of the configuration. found: (name, dBm, whether it is open) of those in
    range, the strongest first. chosen: the name of the one tried last, or "". failure: why it is
    not connected to that, in words, or "". is_busy: it tries or searches. is_done: it has
    succeeded. is_told: and the page has said so.

    What the page calls is only called while it is neither busy nor done.
    """

    # Tests set their own.
    longest_ms = 600_000
    untold_ms = 30_000  # after a success: the phone may be away

    def __init__(self, wifi, storage, outputs, password: str | None) -> None:
        self.indication = Indication(DeviceStatus())
        self.indication.state, self.indication.reason = "no_network", "setup_mode"
        self.indication.pattern, self.indication.rgb = LIGHTS["no_network"]
        names = [one["ssid"] for one in wifi.networks]
        self.known, self.built_in = names[: wifi.ranked], names[wifi.ranked :]
        self.found: list = []
        self.chosen = self.failure = ""
        self.is_busy = True  # the first search
        self.is_done = self.is_told = False
        self._wifi = wifi
        self._storage = storage
        self._light, self._screen, self._button = outputs
        self.name = "Pilotlight-%02X%02X" % tuple(wifi.wlan.config("mac")[-2:])
        self.password = password or "".join(
            [_LETTERS[byte % len(_LETTERS)] for byte in os.urandom(_PASSWORD_LETTERS)]
        )
        self._must_print = password is None  # one on a label is a secret
        self._is_left = False  # by a hold
        wifi.networks = []

    def begin(self, network: dict | None) -> None:
        """Try a network; the outcome is in is_done or failure. None: search for networks."""
        self.chosen = network["ssid"] if network else ""
        try:
            self._wifi.set_wifi(network or [])
            self.is_busy = True
        except ValueError as error:
            # It names keys as in config.json: wifi.password
            words = str(error).replace("wifi.ssid", "the name").replace("wifi.", "the ")
            self.failure = "T%s." % words[1:]

    def forget(self, ssid: str) -> None:
        """Delete a stored network. One that is not known costs no flash."""
        self.chosen = self.failure = ""
        if ssid in self.known and self._store(stored_networks.forget, ssid):
            self.known.remove(ssid)

    async def run(self, watchdog) -> None:
        """Setup mode from its begin to its end. watchdog: the supervisor's Watchdog."""
        watchdog.check_in("setup", _STUCK_MS)
        asyncio.create_task(watchdog.run())
        if self._light is not None:
            self._light.show(self.indication.pattern, self.indication.rgb)
        if self._button is not None:
            button = Button(self._button, lambda: None, lambda: None, self._leave)
            asyncio.create_task(button.run())
        await self._try_or_search()
        point = network.WLAN(network.AP_IF)
        try:
            point.active(True)
            point.config(ssid=self.name, key=self.password, security=_WPA2, max_clients=_PHONES)
            address = point.ifconfig()[0]
        except DRIVER_ERRORS as error:
            log("setup: the access point failed: %s" % error)
        else:
            await self._serve(address, watchdog)
        if self._light is not None:
            self._light.show("off", (0, 0, 0))
        if self._screen is not None:
            self._screen.go_dark()
        # Held over the reset, it would lead to the safe mode.
        while self._button is not None and not self._button.value():
            await asyncio.sleep_ms(_RELEASE_MS)
        if not (self.is_done or self.known or self.built_in):
            # The next start would open setup mode again, and so for ever.
            self._store(stored_networks.leave_note, stored_networks.OVER)

    def close(self) -> None:
        """Switch the access point off: it would outlive the program at the REPL."""
        network.WLAN(network.AP_IF).active(False)

    async def _serve(self, address: str, watchdog) -> None:
        """The page, until setup mode is over. address: its own."""
        if self._screen is not None:
            pages_of = setup_screen.pages_of
            self._screen.show_pages(self.longest_ms, pages_of, self.name, self.password)
            asyncio.create_task(self._screen.run())
        asyncio.create_task(captive_dns.run(address))
        await asyncio.start_server(SetupServer(self, address).serve, "0.0.0.0", PORT)
        log("setup: join the Wi-Fi %s and open http://%s/" % (self.name, address))
        end_ms = time.ticks_add(time.ticks_ms(), self.longest_ms)
        while time.ticks_diff(end_ms, time.ticks_ms()) > 0 and not (self.is_told or self._is_left):
            watchdog.check_in("setup", _STUCK_MS)
            await asyncio.sleep_ms(_STEP_MS)
            if self._screen is not None:
                self._screen.wake()
            if self._must_print and (self._screen is None or self._screen.is_missing):
                self._must_print = False
                log("setup: its password is %s" % self.password)
            if self.is_busy:
                await asyncio.sleep_ms(_ANSWER_MS)
                await self._try_or_search()
                if self.is_done:
                    end_ms = time.ticks_add(time.ticks_ms(), self.untold_ms)
        if self.is_done:
            await asyncio.sleep_ms(_TOLD_MS)

    def _store(self, change, what) -> bool:
        """Call change(storage, what), of stored_networks; whether it succeeds."""
        try:
            change(self._storage, what)
            return True
        except (OSError, MemoryError) as error:
            log(str(error))
            self.failure = _words_of("network_not_stored")
            return False

    def _leave(self) -> None:
        self._is_left = True

    async def _try_or_search(self) -> None:
        """Connect to the Wifi's network, and store it if that succeeds; without one, search."""
        wifi = self._wifi
        wifi.is_cancelled = False
        reason = await try_all(wifi, None)  # without a network it only makes the driver ready
        self.failure = ""
        if not wifi.networks:
            self._search()
        elif reason is None:
            self.is_done = self._store(stored_networks.add, wifi.networks[0])
        else:
            self.failure = _words_of(reason)
        self.is_busy = False

    def _search(self) -> None:
        """Find the networks in range. It blocks for about 2 s."""
        gc.collect()
        self.found = []
        try:
            for row in sorted(self._wifi.wlan.scan(), key=lambda row: -row[3]):
                try:
                    ssid = row[0].decode()
                    checked({"ssid": ssid})
                except ValueError:
                    continue  # it is hidden, or no text
                if ssid not in [one[0] for one in self.found]:
                    self.found.append((ssid, row[3], row[4] == 0))
                if len(self.found) == _MOST_FOUND:
                    break
        except DRIVER_ERRORS as error:
            log("setup: the scan failed: %s" % error)


def _words_of(reason: str) -> str:
    return "%s. %s." % REASONS[reason]
