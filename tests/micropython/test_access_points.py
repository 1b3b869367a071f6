"""Several access points of one name, in virtual time: the strongest, and after a failure another.

Also what a connection without an address comes to.
"""

import asyncio
import os

from tests.support.radio import Clock, Counts, Device, chip, network, order, seen

SECRET = "s3cret-passw0rd"
HOME = {"ssid": "Stage 5", "password": SECRET}
AWAY = {"ssid": "Truck", "password": SECRET}
HOUR_S = 3600
# Of each failure that an access point may have: its fields.
FAILURES = (
    {"fails": 5},  # ASSOC_TOOMANY
    {"fails": 17},
    {"fails": 203},  # ASSOC_FAIL
    {"fails": 212},
    {"password": None},
    {"password": "another passw0rd"},
    {"password": "another passw0rd", "refusal": 205},
    {"dhcp": False},
)


def air(ssid="Stage 5", **fields):
    """Add an access point; its BSSID."""
    order("add", ssid=ssid, **dict({"password": SECRET}, **fields))
    return chip.air.access_points[-1].bssid


def connected_to():
    """The BSSID, or None."""
    access_point = chip.station.access_point
    return access_point.bssid if access_point is not None else None


async def test_the_strongest():
    """Wherever it is in the air, and however many networks are known."""
    for strengths in ((-90, -30), (-30, -90), (-60, -59, -61), (-88, -80, -80, -70, -90)):
        for networks in (HOME, [HOME], [HOME, AWAY], [AWAY, HOME]):
            points = {rssi: air(rssi=rssi) for rssi in strengths}
            air("Truck", rssi=-95)
            device = Device(networks)
            assert await device.up() <= 4_200
            assert connected_to() == points[max(strengths)], (strengths, networks)
            await device.end()
            chip.air.access_points.clear()


async def test_equally_strong():
    """The first network of the list; of its access points any, and the other after a failure."""
    for networks, ssid in (([HOME, AWAY], "Stage 5"), ([AWAY, HOME], "Truck")):
        points = {air(one) for one in ("Truck", "Stage 5", "Truck", "Stage 5")}
        device = Device(networks)
        await device.up()
        assert chip.station.access_point.ssid == ssid and connected_to() in points
        first = connected_to()
        order("change", bssid=first, fails=5)
        order("drop")
        await device.fails("wifi_lost")
        await device.up()
        assert chip.station.access_point.ssid == ssid and connected_to() != first
        await device.end()
        chip.air.access_points.clear()


async def test_after_a_failure_the_other():
    """Whatever the failure is, and however many access points have it."""
    for bad in FAILURES:
        for count in (1, 2, 5):
            for i in range(count):
                air(rssi=-30 - i, **bad)
            good = air(rssi=-85)
            device = Device(HOME)
            await device.up(40 * count + 30)
            assert connected_to() == good, (bad, count, device.log)
            await asyncio.sleep(HOUR_S)
            assert device.wifi.is_up() and connected_to() == good
            await device.end()
            chip.air.access_points.clear()


async def test_several_networks_with_several_access_points():
    """All of one network fail in some way; the other network is reached in the same round."""
    air(rssi=-30, fails=5)
    air(rssi=-40, password="another passw0rd")
    air("Truck", rssi=-45, dhcp=False)
    good = air("Truck", rssi=-80)
    device = Device([HOME, AWAY])
    await device.up(40)
    assert connected_to() == good and seen("scan") == 1, device.log


async def test_a_large_mesh():
    """A wrong password is told after three of 20 access points, and all are tried in time."""
    for i in range(20):
        air(rssi=-60 - i, password="another passw0rd")
    device = Device(HOME)
    assert await device.fails("wifi_password") <= 20_000
    good = air(rssi=-91)
    await device.up(600)
    assert connected_to() == good


async def test_each_is_tried_again_and_again():
    """The one that is well at last is found, though three stronger ones go on failing."""
    for i in range(3):
        air(rssi=-30 - i, fails=5)
    last = air(rssi=-80, fails=5)
    device = Device(HOME)
    await asyncio.sleep(HOUR_S)
    order("change", bssid=last, fails=None)
    await device.up(60)
    assert connected_to() == last


async def test_a_connection_that_lasts_forgets_the_failures():
    """So the strongest comes first again."""
    strong, weak = air(rssi=-30, fails=5), air(rssi=-60)
    device = Device(HOME)
    await device.up()
    assert connected_to() == weak
    await asyncio.sleep(60)
    order("change", bssid=strong, fails=None)
    order("remove", bssid=weak)
    air(rssi=-70)
    await device.fails("wifi_lost")
    await device.up()
    assert connected_to() == strong


async def test_one_that_vanishes():
    """Between the scan and the attempt, and while connected; the next best is taken each time."""
    best, second, third = air(rssi=-30), air(rssi=-40), air(rssi=-50)
    device = Device(HOME)
    await device.until(lambda: seen("scan") == 1, 5)
    order("remove", bssid=best)
    await device.up(20)
    assert connected_to() == second
    await asyncio.sleep(60)
    order("remove", bssid=second)
    air(rssi=-80)
    await device.fails("wifi_lost")
    assert await device.up() <= 15_000 and connected_to() == third
    await asyncio.sleep(60)
    order("remove", ssid="Stage 5")
    await device.fails("wifi_not_found")
    await asyncio.sleep(HOUR_S)
    air(rssi=-80)
    best = air(rssi=-30)
    await device.up(40)
    assert connected_to() == best


async def test_a_new_one_beside_one_that_refuses():
    """It is found by a scan, though the driver by itself takes the one that refuses."""
    air(rssi=-30, fails=5)
    device = Device(HOME)
    await device.fails("wifi_failed")
    await asyncio.sleep(HOUR_S)
    good = air(rssi=-80)
    await device.up(120)
    assert connected_to() == good


async def test_scans_that_fail():
    """Without an error or with one: by name. A scan that works later finds the stronger one."""
    far, near = air(rssi=-90), air(rssi=-30)
    for networks in (HOME, [HOME, AWAY]):
        for how in ("silently", "loudly"):
            order("scans", fail=how)
            off = seen("off")
            device = Device(networks)
            await device.up(20)
            assert connected_to() == far and not device.wifi.wedged, (networks, how, device.log)
            order("drop")
            await device.fails("wifi_lost")
            await device.up(20)
            order("scans", fail=None)
            await asyncio.sleep(60)
            order("drop")
            await device.fails("wifi_lost")
            await device.up(20)
            assert connected_to() == near, (networks, how, device.log)
            assert not device.task.done() and seen("off") == off
            await device.end()


async def test_a_loss_that_is_not_settled():
    """Dropped 3 s after each connect: the pauses grow, as after any failure."""
    air(rssi=-30)
    device = Device(HOME)
    for _ in range(8):
        await device.up(40)
        await asyncio.sleep(3)
        order("drop", reason=4)
        await asyncio.sleep(1)
    begun_ms, times = Clock.now_ms, seen("associated")
    for _ in range(40):
        await device.up(40)
        await asyncio.sleep(3)
        order("drop", reason=4)
        await asyncio.sleep(1)
    each_ms = (Clock.now_ms - begun_ms) // (seen("associated") - times)
    assert each_ms >= 11_000, each_ms  # 7.5 s of pause; without pauses it is 4.4 to 8 s


async def test_one_that_drops_soon_comes_after_the_others():
    """Also if the others are another network's, and for as long as nothing has lasted."""
    bad, good = air(rssi=-30), air(rssi=-80)
    for networks in (HOME, [HOME, AWAY]):
        device = Device(networks)
        await device.up()
        assert connected_to() == bad
        await asyncio.sleep(3)
        order("drop", reason=4)
        await device.fails("wifi_lost")
        await device.up(20)
        assert connected_to() == good
        await device.end()
        order("change", bssid=good, ssid="Truck")


async def test_a_settled_loss_is_its_own_first():
    """At once and without a scan, though it is not the strongest any more."""
    air(rssi=-60)
    device = Device(HOME)
    await device.up()
    first = connected_to()
    await asyncio.sleep(30)
    air(rssi=-50)
    order("drop", reason=4)
    await device.fails("wifi_lost")
    assert await device.up() <= 2_100 and connected_to() == first and seen("scan") == 1


async def test_one_that_came_later_is_its_own_first_too():
    """It was found by name, and a scan has told its BSSID."""
    device = Device(HOME)
    await device.fails("wifi_not_found")
    await asyncio.sleep(60)
    air()
    await device.up(30)
    await asyncio.sleep(30)
    scans = seen("scan")
    order("drop", reason=4)
    await device.fails("wifi_lost")
    assert await device.up() <= 2_100 and seen("scan") == scans


async def test_a_restart_takes_the_other():
    """It is wanted for a link that carries nothing; if there is no other, the same."""
    first, second = air(rssi=-30), air(rssi=-80)
    device = Device(HOME)
    await device.up()
    await asyncio.sleep(60)
    for wanted in (second, first):
        await device.wifi.restart()
        await device.up()
        assert connected_to() == wanted
    order("remove", bssid=second)
    await device.wifi.restart()
    await device.up()
    assert connected_to() == first


async def test_a_new_password_forgets_the_failures():
    near = air(rssi=-30)
    air(rssi=-80)
    device = Device(dict(HOME, password="wr0ng-passw0rd"))
    await device.until(lambda: "wifi_password" in str(device.log), 20)
    device.wifi.set_wifi(HOME)
    await device.up()
    assert connected_to() == near


async def test_scans_are_rare_without_a_choice():
    """Absent, or one access point that refuses: the loop, and so the light, hardly stands still."""
    for fields, most_ms in ((None, 2_400), ({"password": "another passw0rd"}, 200_000)):
        if fields is not None:
            air(**fields)
        device = Device(HOME)
        Counts.blocked_ms = 0
        await asyncio.sleep(HOUR_S)
        assert Counts.blocked_ms <= most_ms, (fields, Counts.blocked_ms)
        await device.end()


async def test_a_lease_that_ends():
    """isconnected() stays True: `no_address` after 20 s, and it connects again, at any age."""
    bssid = air()
    device = Device(HOME)
    for age_s in (1, 60, HOUR_S):
        await device.up()
        await asyncio.sleep(age_s)
        order("expire")
        took_ms = await device.fails("no_address", 27)
        assert took_ms >= 20_000, took_ms
        assert await device.up() <= 5_200  # a pause, a scan, an attempt
    assert seen("off") == 0
    order("change", bssid=bssid, dhcp=False)
    order("expire")
    await device.fails("no_address", 27)
    connecting = seen("connecting")
    await asyncio.sleep(HOUR_S)
    assert device.wifi.reason == "no_address" and len(device.changes) < 10, device.changes
    assert 100 <= seen("connecting") - connecting <= 180, seen("connecting") - connecting
    order("change", bssid=bssid, dhcp=True)
    await device.up(40)


async def test_a_lease_that_is_renewed_late():
    """An address that is back within 20 s changes nothing, each time."""
    air()
    device = Device(HOME)
    await device.up()
    for _ in range(20):
        await asyncio.sleep(30)
        order("expire")
        await asyncio.sleep(17)
        chip.station.late_address()
    assert device.changes == [(4, True, None)] and seen("connecting") == 1


async def test_after_a_lease_that_ended_the_other_access_point():
    """For its own may have lost its DHCP server."""
    first, second = air(rssi=-30), air(rssi=-80)
    device = Device(HOME)
    await device.up()
    assert connected_to() == first
    await asyncio.sleep(60)
    order("expire")
    await device.fails("no_address", 27)
    await device.up()
    assert connected_to() == second


async def test_no_address_while_the_system_has_no_memory_is_a_lack_of_memory():
    """Where the driver may have had no memory for DHCP, the network is not blamed."""
    for largest, reason in ((4_095, "memory"), (4_096, "no_address")):
        os.putenv("VIRTUAL_BOARD_LARGEST_BLOCK", str(largest))
        air(dhcp=False)
        device = Device(HOME)
        await device.fails(reason)
        await device.end()
    os.unsetenv("VIRTUAL_BOARD_LARGEST_BLOCK")


async def test_no_address_is_told_at_once():
    """Though there are more access points to try."""
    air(rssi=-30, dhcp=False)
    air(rssi=-40, dhcp=False)
    assert await Device(HOME).fails("no_address") <= 23_000


async def test_a_connection_without_an_address_is_none():
    """Also right after an attempt, if the driver says that it is connected."""
    air(address_ms=0)
    ipconfig, network.WLAN.ipconfig = network.WLAN.ipconfig, lambda *_: ("0.0.0.0", "0.0.0.0")
    device = Device(HOME)
    await device.fails("no_address", 30)
    await asyncio.sleep(HOUR_S)
    assert [change[1] for change in device.changes] == [False]
    assert 100 <= seen("connecting") <= 150, seen("connecting")
    network.WLAN.ipconfig = ipconfig
    await device.up(2)


async def test_looks_at_the_address_are_rare():
    """Because each allocates. If there is no memory for one, the connection is kept."""
    air()
    device = Device(HOME)
    await device.up()
    looks = []

    def short(*_):
        looks.append(Clock.now_ms)
        raise MemoryError

    network.WLAN.ipconfig = short
    await asyncio.sleep(HOUR_S)
    assert 600 <= len(looks) <= HOUR_S // 4 and device.wifi.is_up()
    assert not device.wifi.wedged and seen("connecting") == 1
