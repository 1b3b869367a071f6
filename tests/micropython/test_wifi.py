"""Wi-Fi in virtual time: which network, every failure's word, and the way back from each."""

import asyncio
import sys

from firmware.strings import REASONS
from tests.support.expect import raises
from tests.support.radio import Clock, Counts, Device, chip, network, order, seen, wifi

SECRET = "s3cret-passw0rd"
HOME = {"ssid": "Stage 5", "password": SECRET}
AWAY = {"ssid": "Truck", "password": SECRET}


class Longest:
    """Stands in for `random`: the longest pause each time."""

    @staticmethod
    def randrange(bound):
        return bound - 1


def air(*ssids, **fields):
    """Access points with the same fields, in the air."""
    for ssid in ssids:
        order("add", ssid=ssid, **dict({"password": SECRET}, **fields))


async def test_one_network():
    """One scan, country, host name, no power saving, and no reconnect by the driver."""
    air("Stage 5")
    device = Device(HOME, country="DE", hostname="camera-7")
    assert not device.wifi.is_up() and device.wifi.reason is None
    assert await device.up() <= 4_200
    assert network.country() == "DE" and network.hostname() == "camera-7"
    wlan = network.WLAN(network.STA_IF)
    assert wlan.config("pm") == wlan.PM_NONE and wlan.config("reconnects") == 0
    assert device.changes == [(4, True, None)]
    assert Counts.blocked_ms == 2_400 and seen("scan") == seen("connecting") == 1
    assert device.log == ["wifi: Stage 5: connected (status 1010)"]


async def test_what_connects_is_loaded_only_while_there_is_no_connection():
    air("Stage 5")
    device = Device(HOME)
    for _ in range(2):
        await device.up()
        assert "firmware.network.wifi_attempt" not in sys.modules
        order("remove", ssid="Stage 5")
        await device.fails("wifi_not_found")
        assert "firmware.network.wifi_attempt" in sys.modules
        air("Stage 5")


async def test_an_open_network():
    air("Stage 5", password=None)
    assert await Device({"ssid": "Stage 5"}).up() <= 4_200


async def test_the_strongest_of_several():
    """By one scan, and each access point of a name counts."""
    air("Stage 5", rssi=-80)
    air("Truck", rssi=-55)
    air("Truck", rssi=-85)
    air("Another stage's", rssi=-30)
    device = Device([HOME, AWAY])
    await device.up()
    assert (
        device.log == ["wifi: Truck: connected (status 1010)"]
        and seen("scan") == 1
        and seen("connecting") == 1
    )
    await device.end()
    order("change", ssid="Stage 5", rssi=-54)
    device = Device([HOME, AWAY])
    await device.up()
    assert device.log == ["wifi: Stage 5: connected (status 1010)"]


async def test_a_hidden_one():
    """It is tried by name: alone, beside a missing one, and after one that refuses."""
    air("Stage 5", hidden=True)
    hidden = dict(HOME, hidden=True)
    device = Device(hidden)
    assert await device.up() <= 2_000
    await device.end()
    device = Device([AWAY, hidden])
    assert await device.up() <= 7_000
    await device.end()
    air("Truck", password="another passw0rd")
    assert await Device([AWAY, hidden]).up() <= 9_000


async def test_a_scan_that_finds_nothing_proves_nothing():
    air("Stage 5", hidden=True)
    assert await Device([AWAY, HOME]).up() <= 10_000


def codes():
    """Every failure that the driver can tell: (access point's fields or None, reason)."""
    for code in (2, 3, 4, 8, 200, 203, 205, 206):
        yield {"fails": code}, "wifi_password" if code == 205 else "wifi_failed"
    for code in (15, 202, 204):
        yield {"password": "another passw0rd", "refusal": code}, "wifi_password"
    yield {"fails": 210}, "wifi_security"
    yield {"fails": 212}, "wifi_not_found"
    yield {"password": None}, "wifi_security"
    yield {"dhcp": False}, "no_address"
    yield None, "wifi_not_found"


async def test_every_code_has_its_word_and_its_way_back():
    """After the trouble the connection comes within one backoff and one attempt."""
    good = {"password": SECRET, "fails": None, "dhcp": True}
    for fields, reason in codes():
        if fields is not None:
            air("Stage 5", **fields)
        device = Device(HOME)
        await device.fails(reason)
        assert reason in REASONS
        await asyncio.sleep(200)  # the backoff is at its cap
        assert device.wifi.reason == reason, (fields, device.changes)
        if fields is None:
            air("Stage 5")
        order("change", ssid="Stage 5", **good)
        took_ms = await device.up(40)
        assert took_ms <= 38_000, (fields, took_ms)
        await device.end()
        assert SECRET not in str(device.log) and SECRET not in str(device.changes)
        order("remove", ssid="Stage 5")


async def test_the_old_failure_is_not_the_new_one():
    """status() still says "no access point" in the next attempt: a slow association goes on."""
    device = Device(HOME)
    await device.fails("wifi_not_found")
    air("Stage 5", associate_ms=4_000, address_ms=7_000)
    await device.up(45)


async def test_an_address_that_comes_late():
    """The driver goes on waiting for DHCP. A late address is taken, and the association kept."""
    wifi.random = Longest
    air("Stage 5", dhcp=False)
    device = Device(HOME)
    await device.fails("no_address")
    await asyncio.sleep(200)  # the pauses are 15 s now
    begun = seen("connecting")
    await device.until(lambda: seen("connecting") > begun, 40)
    await asyncio.sleep(25)
    assert seen("connecting") == begun + 1
    order("change", ssid="Stage 5", dhcp=True)
    assert await device.up() <= 1_100
    assert seen("connecting") == begun + 1


async def test_of_several_failures_the_nearest_is_told():
    """Whichever was tried last."""
    air("Truck", password="another passw0rd")
    device = Device([HOME, AWAY])
    await device.fails("wifi_password")
    await device.end()
    air("Stage 5", dhcp=False, rssi=-50)
    await Device([HOME, AWAY]).fails("no_address")


async def test_gone_and_back():
    """A loss shows within 7 s (6 s are the driver's). It is back one backoff and attempt later."""
    air("Stage 5")
    device = Device(HOME)
    await device.up()
    await asyncio.sleep(60)
    order("remove", ssid="Stage 5")
    assert await device.fails("wifi_lost") <= 8_100
    assert await device.fails("wifi_not_found") <= 12_000  # its access point, then any
    blocked_ms = Counts.blocked_ms
    await asyncio.sleep(3600)
    assert Counts.blocked_ms == blocked_ms  # no scan while there is nothing to choose from
    air("Stage 5")
    assert await device.up() <= 28_400  # the rest of an attempt, a pause, an attempt, a scan
    assert [change[1:] for change in device.changes] == [
        (True, None),
        (False, "wifi_lost"),
        (False, "wifi_not_found"),
        (True, None),
    ]


async def test_roaming():
    """Another access point of the same name takes over, and then another network."""
    air("Stage 5", rssi=-50)
    device = Device([AWAY, HOME])
    await device.up()
    await asyncio.sleep(60)
    air("Stage 5", rssi=-70)
    air("Truck", rssi=-71)
    del chip.air.access_points[0]
    await device.fails("wifi_lost")
    assert await device.up() <= 6_600 and seen("scan") == 2  # its access point, a scan, the other
    await asyncio.sleep(60)
    order("remove", ssid="Stage 5")
    await device.fails("wifi_lost")
    assert await device.up() <= 6_600 and device.log[-1] == "wifi: Truck: connected (status 1010)"


async def test_a_drop_is_mended_at_once():
    air("Stage 5")
    device = Device(HOME)
    for reason in (2, 4, 7, 8, 200, 209):
        await device.up()
        await asyncio.sleep(30)
        order("drop", reason=reason)
        await device.fails("wifi_lost")
        assert await device.up() <= 2_100, reason


async def test_dead_air_is_not_seen():
    """As on stock ESP32 firmware: only the missing heartbeat reply tells. `restart` helps."""
    air("Stage 5")
    device = Device(HOME)
    await device.up()
    order("dead_air")
    await asyncio.sleep(600)
    assert device.wifi.is_up()
    await device.wifi.restart()
    assert not device.wifi.is_up() and seen("off") == 1
    await device.fails("wifi_not_found")
    order("dead_air", on=False)
    await device.up()


async def test_restart():
    """Down and up, and back after a scan; from any state."""
    air("Stage 5")
    device = Device(HOME)
    await device.up()
    begun_ms = Clock.now_ms
    await device.wifi.restart()
    assert Clock.now_ms - begun_ms <= 1_500
    assert [change[1] for change in device.changes] == [True, False] and await device.up() <= 4_200
    order("change", ssid="Stage 5", password="another passw0rd")
    order("drop")
    await device.fails("wifi_password")
    for wait_ms in (0, 3_000, 12_000):
        await asyncio.sleep_ms(wait_ms)
        off = seen("off")
        await device.wifi.restart()
        assert seen("off") == off + 1, wait_ms


async def test_restart_ends_even_if_it_does_not_run():
    device = Device(HOME)
    await device.fails("wifi_not_found")
    await device.end()
    begun_ms = Clock.now_ms
    await device.wifi.restart()
    assert 30_000 <= Clock.now_ms - begun_ms <= 31_000


async def test_set_wifi():
    """No networks, a wrong one, a corrected one, the same, another, none: each at once."""
    air("Stage 5", "Truck")
    device = Device()
    await device.fails("no_wifi_settings")
    await asyncio.sleep(3600)
    device.wifi.set_wifi(dict(HOME, password="wr0ng-passw0rd"))
    await device.fails("wifi_password", 8)
    await asyncio.sleep(100)
    device.wifi.set_wifi(HOME)
    assert await device.up() <= 5_200
    changes = len(device.changes)
    device.wifi.set_wifi([AWAY, HOME])
    await asyncio.sleep(30)
    assert len(device.changes) == changes and chip.station.access_point.ssid == "Stage 5"
    device.wifi.set_wifi(AWAY)
    await device.until(
        lambda: chip.station.access_point is not None and chip.station.access_point.ssid == "Truck",
        4,
    )
    await device.up()
    device.wifi.set_wifi([])
    await device.fails("no_wifi_settings", 3)
    assert not chip.station.has_address
    assert SECRET not in str(device.log) and "wr0ng" not in str(device.log)


async def test_set_wifi_refuses_nonsense():
    device = Device(HOME)
    for bad in (
        "Stage 5",
        {"ssid": ""},
        [{"ssid": "Truck", "password": SECRET[:7]}],
        [{"ssid": "Truck", "key": SECRET}],
    ):
        with raises(ValueError) as caught:
            device.wifi.set_wifi(bad)
        assert SECRET[:7] not in str(caught.error)
    air("Stage 5")
    await device.up()


FIXED = {"address": "192.168.1.20/24", "gateway": "192.168.1.1"}


async def test_a_fixed_address():
    """There is no DHCP server: none is waited for, and the next network has DHCP again."""
    wlan = network.WLAN(network.STA_IF)
    air("Stage 5", dhcp=False, associate_ms=0)
    device = Device([dict(HOME, **FIXED), AWAY])
    assert await device.up() <= 3_500
    assert wlan.ifconfig() == ("192.168.1.20", "255.255.255.0", "192.168.1.1", "192.168.1.1")
    assert not wlan.ipconfig("dhcp4")
    assert "firmware.network.static_address" not in sys.modules
    await asyncio.sleep(60)
    assert device.wifi.is_up() and len(device.changes) == 1
    air("Truck")
    order("remove", ssid="Stage 5")
    await device.fails("wifi_lost")
    await device.up(60)
    assert wlan.ipconfig("dhcp4") and wlan.ipconfig("addr4")[0] == "192.168.4.2"
    # And the fixed one again, also after the driver was off and on.
    order("remove", ssid="Truck")
    air("Stage 5", dhcp=False)
    await device.fails("wifi_lost")
    await device.up(60)
    await device.wifi.restart()
    await device.up(60)
    assert wlan.ipconfig("addr4")[0] == "192.168.1.20"
    await device.end()


async def test_another_fixed_address_is_another_network():
    """As `set_wifi` has it; and with the same one the connection stays."""
    wlan = network.WLAN(network.STA_IF)
    air("Stage 5", dhcp=False)
    device = Device(dict(HOME, **FIXED))
    await device.up()
    device.wifi.set_wifi(dict(HOME, dns="192.168.1.1", **FIXED))
    await asyncio.sleep(5)
    assert seen("connecting") == 1 and device.wifi.is_up()
    device.wifi.set_wifi(dict(HOME, **dict(FIXED, address="192.168.1.21/24")))
    await asyncio.sleep(15)
    assert device.wifi.is_up() and wlan.ipconfig("addr4")[0] == "192.168.1.21"
    await device.end()


async def test_a_driver_that_takes_no_address():
    """It is switched off and on, and asked again. The next network has DHCP all the same."""
    wlan = network.WLAN(network.STA_IF)
    air("Stage 5", dhcp=False)
    told, fails = type(wlan).ifconfig, [True]

    def ifconfig(self, config=None):
        if config is not None and fails:
            fails.pop()
            told(self, config)
            raise OSError("Wifi Internal Error")
        return told(self, config)

    type(wlan).ifconfig = ifconfig
    try:
        device = Device(dict(HOME, **FIXED))
        await device.up(60)
        assert wlan.ipconfig("addr4")[0] == "192.168.1.20" and seen("on") == 2
        await device.end()
        wlan.ipconfig(dhcp4=True)
        fails.append(True)
        air("Truck", rssi=-80)
        device = Device([dict(HOME, **FIXED), AWAY])
        await device.up(60)
        assert device.wifi.target["ssid"] == "Truck" and wlan.ipconfig("dhcp4")
    finally:
        type(wlan).ifconfig = told
    await device.end()
