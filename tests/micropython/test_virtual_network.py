"""The virtual `network`: what stock ESP32 firmware does, of which the firmware makes use or has to beware."""

import asyncio

from tests.support.expect import raises
from tests.support.radio import Counts, chip, network, order, seen

SECRET = "s3cret-passw0rd"


def station(on=True):
    wlan = network.WLAN(network.STA_IF)
    wlan.active(on)
    wlan.config(reconnects=0)
    return wlan


def fails(call, *args, **others):
    """The text of the OSError that the call raises."""
    with raises(OSError) as caught:
        call(*args, **others)
    return str(caught.error)


async def test_one_object_an_interface():
    assert network.WLAN() is network.WLAN(network.STA_IF) is network.WLAN(network.WLAN.IF_STA)
    assert network.WLAN(network.AP_IF) is not network.WLAN()
    with raises(ValueError):
        network.WLAN(2)
    point = network.WLAN(network.AP_IF)
    assert (
        not point.active() and point.active(True) and point.active() and not network.WLAN().active()
    )
    assert point.status("stations") == [] and not point.isconnected()
    assert "STA required" in fails(point.connect, "Stage 5", SECRET)


async def test_before_it_is_switched_on():
    wlan = network.WLAN()
    assert not wlan.active() and not wlan.isconnected() and wlan.status() == network.STAT_IDLE
    assert fails(wlan.connect, "Stage 5", SECRET) == fails(wlan.disconnect) == "Wifi Not Started"
    assert fails(wlan.scan) == "STA must be active"


async def test_a_connection_and_its_statuses():
    order("add", ssid="Stage 5", password=SECRET, rssi=-48)
    wlan = station()
    wlan.connect("Stage 5", SECRET)
    assert wlan.status() == network.STAT_CONNECTING and not wlan.isconnected()
    assert fails(wlan.connect, "Stage 5", SECRET) == "Wifi Internal State Error"
    assert fails(wlan.status, "rssi") == "Wifi Not Connected"
    assert wlan.scan() == []
    await asyncio.sleep_ms(800)
    assert wlan.status("rssi") == -48 and not wlan.isconnected()
    await asyncio.sleep_ms(800)
    assert wlan.isconnected() and wlan.status() == network.STAT_GOT_IP
    assert wlan.ifconfig()[0] == wlan.ipconfig("addr4")[0] != "0.0.0.0"
    assert fails(wlan.connect, "Stage 5", SECRET) == "Wifi Internal Error"
    wlan.disconnect()
    assert wlan.isconnected()
    await asyncio.sleep_ms(100)
    assert (
        not wlan.isconnected()
        and wlan.status() == network.STAT_IDLE
        and wlan.ifconfig()[0] == "0.0.0.0"
    )
    wlan.connect("Stage 5", SECRET)
    assert wlan.status() == network.STAT_IDLE  # the reason "left" is still told
    await asyncio.sleep(3)
    assert wlan.isconnected()
    wlan.active(False)
    assert not wlan.isconnected() and seen("address") == 2


async def test_the_last_failure_stays():
    """Until there is an address, and over off and on: a status read after connect() may be that of the attempt before."""
    wlan = station()
    wlan.connect("Stage 5", SECRET)
    await asyncio.sleep(3)
    assert wlan.status() == network.STAT_NO_AP_FOUND
    order("add", ssid="Stage 5", password=SECRET)
    wlan.active(False)
    wlan.active(True)
    wlan.connect("Stage 5", SECRET)
    await asyncio.sleep_ms(500)
    assert wlan.status() == network.STAT_NO_AP_FOUND
    await asyncio.sleep(2)
    assert wlan.status() == network.STAT_GOT_IP


async def test_reconnects():
    """The driver tries again by itself as often as it was told; meanwhile some failures are STAT_CONNECTING."""
    order("add", ssid="Stage 5", password="another passw0rd")
    wlan = station()
    wlan.config(reconnects=2)
    wlan.connect("Stage 5", SECRET)
    for _ in range(14 * 10):
        await asyncio.sleep_ms(100)
        if wlan.status() != network.STAT_CONNECTING:
            break
    assert wlan.status() == 15 and seen("disconnected") == 3
    order("change", ssid="Stage 5", refusal=205)
    wlan.config(reconnects=-1)
    wlan.connect("Stage 5", SECRET)
    await asyncio.sleep(60)
    assert wlan.status() == network.STAT_WRONG_PASSWORD and seen("disconnected") > 12
    order("change", ssid="Stage 5", password=SECRET)
    await asyncio.sleep(6)
    assert wlan.isconnected()
    order("drop", reason=4)
    assert not wlan.isconnected() and wlan.status() == network.STAT_CONNECTING
    await asyncio.sleep(2)
    assert wlan.isconnected()


async def test_a_scan():
    """It blocks, shows hidden ones without their name, and works beside a connection."""
    order("add", ssid="Stage 5", password=SECRET, rssi=-71, channel=11)
    order("add", ssid="Hidden", hidden=True)
    wlan = station()
    rows = wlan.scan()
    assert [(row[0], row[2], row[3], row[4]) for row in rows] == [
        (b"Stage 5", 11, -71, 3),
        (b"", 6, -60, 0),
    ]
    assert Counts.blocked_ms == 2_400 and len(rows[0][1]) == 6
    wlan.connect("Hidden")
    await asyncio.sleep(3)
    assert wlan.isconnected() and len(wlan.scan()) == 2 and wlan.isconnected()
    order("dead_air")
    assert wlan.scan() == [] and wlan.isconnected()


async def test_several_access_points_of_one_name():
    """By name the first is taken, by BSSID the one that is meant, or none."""
    for rssi in (-90, -30):
        order("add", ssid="Stage 5", password=SECRET, rssi=rssi)
    wlan = station()
    far, near = [row[1] for row in wlan.scan()]
    for bssid, rssi in ((None, -90), (far, -90), (near, -30)):
        wlan.connect("Stage 5", SECRET, bssid=bssid)
        await asyncio.sleep(3)
        assert wlan.isconnected() and wlan.status("rssi") == rssi
        wlan.disconnect()
        await asyncio.sleep(1)
    order("remove", bssid=":".join("%02x" % byte for byte in near))
    wlan.connect("Stage 5", SECRET, bssid=near)
    await asyncio.sleep(3)
    assert wlan.status() == network.STAT_NO_AP_FOUND
    with raises(ValueError):
        wlan.connect("Stage 5", SECRET, bssid=b"12345")


async def test_a_lease_that_ends():
    """Only the address tells; the station says that it is connected until it is not."""
    order("add", ssid="Stage 5", password=SECRET)
    wlan = station()
    wlan.connect("Stage 5", SECRET)
    await asyncio.sleep(3)
    order("expire")
    await asyncio.sleep(600)
    assert wlan.isconnected() and wlan.status() == network.STAT_GOT_IP
    assert wlan.ifconfig()[0] == wlan.ipconfig("addr4")[0] == "0.0.0.0"
    order("drop", reason=4)
    assert not wlan.isconnected()


async def test_scans_that_fail():
    order("add", ssid="Stage 5", password=SECRET)
    wlan = station()
    order("scans", fail="silently")
    assert wlan.scan() == []
    order("scans", fail="loudly")
    assert fails(wlan.scan) == "WiFi Out of Memory"
    order("scans", fail=None)
    assert len(wlan.scan()) == 1


async def test_config():
    wlan = station()
    wlan.config(pm=wlan.PM_NONE, reconnects=3)
    assert (
        wlan.config("pm") == 0 and wlan.config("reconnects") == 3 and len(wlan.config("mac")) == 6
    )
    for bad in (
        lambda: wlan.config(power=1),
        lambda: wlan.config("power"),
        lambda: wlan.status("power"),
    ):
        with raises(ValueError):
            bad()
    for bad in (
        lambda: wlan.config("pm", pm=1),
        lambda: wlan.config(),
        lambda: wlan.config("pm", "mac"),
    ):
        with raises(TypeError):
            bad()
    assert network.country() == "XX" and network.hostname() == "mpy-esp32"
    network.country("DE")
    network.hostname("camera-7")
    assert network.country() == "DE" and network.hostname() == wlan.config("hostname") == "camera-7"
    for bad in (
        lambda: network.country("DEU"),
        lambda: network.hostname("x" * 33),
        lambda: wlan.ipconfig("addr5"),
    ):
        with raises(ValueError):
            bad()


async def test_security_has_to_match():
    """With a password it takes no open network, and without one no closed one."""
    order("add", ssid="Open")
    order("add", ssid="Closed", password=SECRET)
    wlan = station()
    for ssid, password, status in (("Open", SECRET, 211), ("Closed", None, 210)):
        wlan.connect(ssid, password)
        await asyncio.sleep(3)
        assert wlan.status() == status


async def test_wedged_until_off_and_on():
    wlan = station()
    order("wedge")
    for call in (wlan.scan, wlan.disconnect, wlan.isconnected, wlan.status):
        assert fails(call) == "Wifi Internal Error"
    fails(wlan.connect, "Stage 5", SECRET)
    fails(wlan.config, pm=0)
    wlan.active(False)
    wlan.active(True)
    assert wlan.scan() == []


async def test_unknown_orders():
    for action, fields in (("explode", {}), ("add", {"ssid": "Stage 5", "colour": "red"})):
        with raises((ValueError, AttributeError)):
            order(action, **fields)
    assert not chip.air.access_points
