"""The networks that a phone has set up: which are kept, in what order, and what is tried first."""

import asyncio
import json

from tests.support.radio import Device, chip, order  # makes the module `network`

# isort: split
from firmware.network import stored_networks

SECRET = "s3cret-passw0rd"
RECORD = "known_networks"


def one(ssid):
    return {"ssid": ssid, "password": SECRET, "hidden": False}


class Storage:
    """Records in memory, as JSON would have them. saves: how often. error: of the next calls."""

    def __init__(self, record=None):
        self.record = record
        self.saves = 0
        self.error = None

    def load(self, name):
        assert name == RECORD
        if self.error:
            raise self.error
        return self.record and dict(self.record)

    def save(self, name, record):
        assert name == RECORD
        if self.error:
            raise self.error
        self.saves += 1
        self.record = record

    def names(self):
        return [network["ssid"] for network in self.record["networks"]]


class Wifi:
    def __init__(self, *ssids):
        self.networks = [one(ssid) for ssid in ssids]
        self.ranked = 0


def test_ten_are_kept_by_last_success():
    storage = Storage()
    for number in range(12):
        stored_networks.add(storage, one("Stage %d" % number))
    assert storage.names() == ["Stage %d" % number for number in range(11, 1, -1)]
    stored_networks.add(storage, dict(one("Stage 5"), password="an0ther one"))
    assert storage.names()[:2] == ["Stage 5", "Stage 11"] and len(storage.names()) == 10
    assert storage.record["networks"][0]["password"] == "an0ther one"


def test_they_come_before_those_of_the_configuration():
    wifi = Wifi("House")
    storage = Storage({"networks": [one("Stage 5"), one("Truck")]})
    assert stored_networks.give(wifi, storage, None) is None
    assert [network["ssid"] for network in wifi.networks] == ["Stage 5", "Truck", "House"]
    assert wifi.ranked == 2 and storage.saves == 0


def test_a_note_is_for_one_start():
    storage = Storage({"networks": [one("Stage 5")]})
    stored_networks.leave_note(storage, stored_networks.WANTED)
    assert storage.names() == ["Stage 5"]
    for note in ("wanted", None):
        wifi = Wifi()
        assert stored_networks.give(wifi, storage, None) == note and wifi.ranked == 1
    assert storage.names() == ["Stage 5"]


def test_a_note_that_can_t_be_deleted_is_none():
    class Full(Storage):
        def save(self, name, record):
            raise OSError(28)

    lines = []
    wifi = Wifi()
    assert stored_networks.give(wifi, Full({"setup": "wanted"}), lines.append) is None
    assert len(lines) == 1 and wifi.networks == []


def test_a_record_that_can_t_be_used_is_logged_and_replaced():
    for record in (
        {"networks": [{"ssid": 5}]},
        {"networks": [dict(one("Stage 5"), password="\n" + SECRET)]},
        {"networks": SECRET},
        {"networks": [SECRET]},
    ):
        lines = []
        wifi = Wifi("House")
        storage = Storage(record)
        assert stored_networks.give(wifi, storage, lines.append) is None
        assert len(lines) == 1 and SECRET not in lines[0], lines
        assert len(wifi.networks) == 1 and wifi.ranked == 0
        stored_networks.add(storage, one("Truck"))
        assert storage.names() == ["Truck"]
    lines = []
    storage = Storage()
    storage.error = OSError("can't be read")
    assert stored_networks.give(Wifi(), storage, lines.append) is None and len(lines) == 1


def in_the_air(*ssids):
    for number, ssid in enumerate(ssids):
        order("add", ssid=ssid, password=SECRET, rssi=-80 + 10 * number)


async def test_the_last_success_is_tried_before_a_stronger_one():
    in_the_air("Stage 5", "Truck", "House")
    device = Device(one("House"))
    storage = Storage({"networks": [one("Stage 5"), one("Truck")]})
    stored_networks.give(device.wifi, storage, None)
    await device.up()
    assert chip.station.access_point.ssid == "Stage 5" and storage.saves == 0


async def test_of_those_that_have_not_succeeded_the_strongest_as_before():
    in_the_air("Flat", "House", "Yard")  # the last one is the strongest
    for names, first in (("Yard House Flat", "Yard"), ("Flat House", "House")):
        device = Device([one(name) for name in names.split()])
        stored_networks.give(device.wifi, Storage({"networks": [one("Stage 5")]}), None)
        await device.up()
        assert chip.station.access_point.ssid == first
        await device.end()


async def test_a_hidden_one_has_its_place_by_its_success():
    """Its strength is not known: without a success it comes last, as before."""
    in_the_air("House", "Truck")
    order("add", ssid="Vault", password=SECRET, hidden=True, rssi=-85)
    vault = dict(one("Vault"), hidden=True)
    for stored, configured, first in (
        ([vault, one("Truck")], [], "Vault"),
        ([one("Truck"), vault], [], "Truck"),
        ([], [vault, one("House")], "House"),
        ([one("Gone")], [vault], "Vault"),
    ):
        device = Device(configured)
        storage = Storage({"networks": stored})
        stored_networks.give(device.wifi, storage, None)
        await device.up()
        assert chip.station.access_point.ssid == first and storage.saves == 0, first
        await device.end()


async def test_a_hidden_one_that_is_away_costs_one_try():
    in_the_air("Truck", "House")
    device = Device()
    storage = Storage({"networks": [dict(one("Vault"), hidden=True), one("Truck")]})
    stored_networks.give(device.wifi, storage, None)
    await device.up()
    assert chip.station.access_point.ssid == "Truck" and storage.names() == ["Truck", "Vault"]
    assert len([line for line in device.log if "Vault" in line]) == 1


async def test_a_success_is_stored_only_if_it_changes_the_order():
    in_the_air("Truck")
    device = Device()
    storage = Storage({"networks": [one("Stage 5"), one("Truck")]})
    stored_networks.give(device.wifi, storage, None)
    await device.up()
    assert storage.names() == ["Truck", "Stage 5"] and storage.saves == 1
    assert device.wifi.target is device.wifi.networks[0] and device.wifi.ranked == 2
    for _ in range(3):
        order("drop", reason=4)
        await device.fails("wifi_lost")
        await device.up()
    assert storage.saves == 1


async def test_a_storage_that_fails_costs_no_connection():
    in_the_air("Truck")
    device = Device()
    storage = Storage({"networks": [one("Stage 5"), one("Truck")]})
    stored_networks.give(device.wifi, storage, None)
    storage.error = OSError("no space")
    await device.up()
    await asyncio.sleep(60)
    assert device.wifi.is_up() and SECRET not in str(device.log)
    assert len([line for line in device.log if "no space" in line]) == 1


def test_ten_of_the_longest_fit_into_a_record():
    ssid, password = '"' * 31, "\\" * 63
    fixed = {"address": "192.168.100.200/24", "gateway": "192.168.100.100", "dns": "192.168.100.1"}
    storage = Storage()
    for number in range(10):
        network = dict(fixed, ssid=ssid + str(number), password=password, hidden=False)
        stored_networks.add(storage, network)
    stored_networks.leave_note(storage, stored_networks.WANTED)
    assert len(storage.names()) == 10
    assert len(json.dumps(storage.record)) <= 6144  # storage.py's bound
