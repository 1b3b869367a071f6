"""The life of setup mode in virtual time: when it ends, and what it leaves."""

import asyncio
import os
import sys

from tests.support.radio import Clock, events, network, order, wifi

sys.path.append(os.getenv("MICRODOT"))
from firmware.network import stored_networks
from firmware.setup import setup_mode


async def _no_server(*_):
    """Virtual time has no sockets; tests/system/test_setup.py has."""


asyncio.start_server = _no_server
lines: list = []
setup_mode.log = lines.append
SECRET = "s3cret-passw0rd"
HOME = {"ssid": "Stage 5", "password": SECRET, "hidden": False}


class Storage:
    """Records in memory. error: of each call."""

    def __init__(self):
        self.record = None
        self.error = None

    def load(self, name):
        return self.record

    def save(self, name, record):
        if self.error:
            raise self.error
        self.record = record


class Watchdog:
    """overdue_ms: the longest time between two calls of check_in."""

    def __init__(self):
        self.overdue_ms = 0
        self._at_ms = Clock.now_ms

    def check_in(self, name, within_ms):
        assert name == "setup" and within_ms == 120_000
        self.overdue_ms = max(self.overdue_ms, Clock.now_ms - self._at_ms)
        self._at_ms = Clock.now_ms

    async def run(self):
        pass


async def life(known=(), then=None, storage=None):
    """(SetupMode, Storage, seconds that it lived). then(setup): called when its page is there.

    known: the configuration's networks. storage: others, as after a start.
    """
    driver = wifi.Wifi(list(known))
    if storage:
        stored_networks.give(driver, storage, lines.append)
    storage = storage or Storage()
    setup = setup_mode.SetupMode(driver, storage, (None, None, None), None)
    begun_ms = Clock.now_ms

    def opened(event):
        if event["kind"] == "access_point" and event["key"] and then:
            then(setup)

    events.listen(opened)
    watchdog = Watchdog()
    await setup.run(watchdog)
    assert watchdog.overdue_ms < 90_000
    return setup, storage, (Clock.now_ms - begun_ms) // 1000


async def test_it_ends_after_ten_minutes():
    setup, storage, age_s = await life()
    assert 600 <= age_s <= 605 and not setup.is_done
    assert storage.record == {"networks": [], "setup": "over"}
    driver = wifi.Wifi()
    assert stored_networks.give(driver, storage, None) == "over"
    assert stored_networks.give(driver, storage, None) is None  # the next power-on


async def test_with_a_known_network_it_leaves_nothing():
    setup, storage, age_s = await life([HOME])
    assert 600 <= age_s <= 605 and storage.record is None
    assert setup.known == [] and setup.built_in == ["Stage 5"]


async def test_a_try_at_the_last_moment_ends_first():
    order("add", ssid="Stage 5", password=SECRET)

    def then(setup):
        setup.longest_ms = 1
        setup.begin(dict(HOME))

    setup, storage, age_s = await life(then=then)
    assert setup.is_done and storage.record == {"networks": [HOME]}
    assert 30 <= age_s <= 45  # no watchdog was told


FIXED = {"address": "10.1.2.3/24", "gateway": "10.1.2.1", "dns": "10.1.2.2"}


async def test_a_fixed_address_is_tried_and_stored():
    order("add", ssid="Stage 5", password=SECRET, dhcp=False)
    setup, storage, _ = await life(then=lambda s: s.begin(dict(HOME, **FIXED)))
    assert setup.is_done and storage.record == {"networks": [dict(HOME, **FIXED)]}
    assert network.WLAN().ifconfig() == ("10.1.2.3", "255.255.255.0", "10.1.2.1", "10.1.2.2")


async def test_what_can_t_be_right_is_said_without_a_try():
    setup = setup_mode.SetupMode(wifi.Wifi(), Storage(), (None, None, None), None)
    setup.is_busy = False
    for wrong, words in (
        ({"ssid": ""}, "The name must be text of 1 to 32 bytes."),
        (
            {"password": "short"},
            "The password must be text of 8 to 64 bytes, or left out for an op",
        ),
        (
            {"address": "10.1.2.3"},
            "The address must be an IPv4 address and a prefix, such as 192.1",
        ),
        ({"gateway": "10.9.2.1"}, "The gateway is outside of the network of the address."),
        ({"address": None}, "The gateway needs the address, which is missing."),
        ({"dns": "10"}, "The dns must be an IPv4 address, such as 192.168.1.1."),
    ):
        setup.begin(dict(HOME, **dict(FIXED, **wrong)))
        assert setup.failure.startswith(words) and setup.failure.endswith("."), setup.failure
        assert not setup.is_busy and SECRET not in setup.failure


async def test_what_can_t_be_stored_is_said():
    order("add", ssid="Stage 5", password=SECRET)
    storage = Storage()
    storage.error = OSError("state/known_networks.json can't be written: 28")
    setup, storage, age_s = await life(then=lambda s: s.begin(dict(HOME)), storage=storage)
    assert not setup.is_done and "Can't store" in setup.failure and age_s >= 600


def forgetting(*names):
    """A function for `life`: forgets these, and then setup mode ends."""

    def then(setup):
        for name in names:
            setup.forget(name)
        setup.longest_ms = 1

    return then


def stored(*names):
    """A storage with these networks."""
    storage = Storage()
    for name in reversed(names):
        stored_networks.add(storage, dict(HOME, ssid=name))
    return storage


async def test_what_is_forgotten_is_gone_and_the_rest_keeps_its_order():
    setup, storage, _ = await life(
        [HOME], forgetting("Truck", "Stage 5", "No one's"), stored("Vault", "Truck", "Cafe")
    )
    assert setup.known == ["Vault", "Cafe"] and setup.built_in == ["Stage 5"]
    assert [one["ssid"] for one in storage.record["networks"]] == ["Vault", "Cafe"]
    assert not setup.failure


async def test_who_forgets_all_is_not_asked_again_before_the_next_power_on():
    _, storage, _ = await life(then=forgetting("Truck", "Cafe"), storage=stored("Truck", "Cafe"))
    assert storage.record == {"networks": [], "setup": "over"}


async def test_what_can_t_be_forgotten_is_said():
    storage = stored("Truck")

    def then(setup):
        storage.error = OSError("state/known_networks.json can't be written: 5")
        forgetting("Truck")(setup)

    setup, storage, _ = await life(then=then, storage=storage)
    assert setup.known == ["Truck"] and "Can't store" in setup.failure


async def test_what_is_not_known_costs_no_flash():
    storage = stored("Truck")
    saves = []

    def save(name, record):
        saves.append(record)

    storage.save = save
    await life(then=forgetting("Truck", "Truck", "No one's", ""), storage=storage)
    assert len(saves) == 2  # and the note at the end


async def test_a_driver_that_fails_is_switched_off_and_on():
    order("add", ssid="Stage 5", password=SECRET)

    def then(setup):
        order("wedge")
        setup.begin(dict(HOME))

    setup, storage, _ = await life(then=then)
    assert setup.is_done and storage.record == {"networks": [HOME]}


async def test_an_access_point_that_fails_is_no_crash():
    def failing(**_):
        raise OSError("Wifi Internal Error")

    network.WLAN(network.AP_IF).config = failing
    _, storage, age_s = await life()
    assert age_s < 10 and storage.record["setup"] == "over"
    assert "Wifi Internal Error" in str(lines)


async def test_a_search_that_fails_is_an_empty_list():
    order("scans", fail="loudly")
    setup, _, _ = await life(then=lambda setup: setattr(setup, "longest_ms", 1))
    assert setup.found == [] and "WiFi Out of Memory" in str(lines)


async def test_it_finds_the_strongest_once_and_leaves_out_what_has_no_name():
    order("add", ssid="Stage 5", rssi=-70)
    order("add", ssid="Stage 5", rssi=-50)
    order("add", ssid="Truck", rssi=-60, password=SECRET)
    order("add", ssid="Vault", hidden=True, rssi=-40)
    order("add", ssid="bad\nname", rssi=-30)
    for number in range(30):
        order("add", ssid="Far %d" % number, rssi=-90)
    setup, _, _ = await life(then=lambda s: setattr(s, "longest_ms", 1))
    assert setup.found[:2] == [("Stage 5", -50, True), ("Truck", -60, False)]
    assert len(setup.found) == 20


def test_no_agent_is_loaded():
    assert not [name for name in sys.modules if name in ("pilotlight.agent", "pilotlight.session")]


def test_each_start_has_its_password():
    seen = set()
    for _ in range(20):
        setup = setup_mode.SetupMode(wifi.Wifi(), Storage(), (None, None, None), None)
        seen.add(setup.password)
        assert len(setup.password) == 12
    assert len(seen) == 20
