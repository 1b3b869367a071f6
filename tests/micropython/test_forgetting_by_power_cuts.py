"""The power goes at each step of forgetting a network, and of what is stored after it."""

from tests.support import radio as radio  # makes the module `network`

# isort: split
from firmware.network import stored_networks
from firmware.storage import FileStorage
from tests.simulation import flash as flash_chip
from tests.simulation.flash import TEARS

STATE = flash_chip.PLACE + "/state"


def one(ssid):
    return {"ssid": ssid, "password": ssid + "-passw0rd", "hidden": False}


def names():
    """The networks on the flash, as the next start knows them."""
    record = FileStorage(STATE).load("known_networks")
    return "".join([network["ssid"] for network in record["networks"]])


def setup_mode(told):
    """What setup mode may store; what it has told the phone goes to `told`."""
    storage = FileStorage(STATE)
    for step in (
        lambda: stored_networks.forget(storage, "B"),
        lambda: stored_networks.add(storage, one("D")),
        lambda: stored_networks.leave_note(storage, stored_networks.WANTED),
    ):
        step()
        told.append(names())


def test_what_was_told_to_be_forgotten_does_not_come_back():
    empty = flash_chip.formatted()
    flash_chip.mount(empty)
    for ssid in "CBA":
        stored_networks.add(FileStorage(STATE), one(ssid))
    steps = ["ABC"]
    whole = empty.copy()
    flash_chip.mount(whole)
    setup_mode(steps)
    assert steps == ["ABC", "AC", "DAC", "DAC"]
    seen = set()
    for tear in TEARS:
        for at in range(1, len(whole.done) + 1):
            flash = empty.copy()
            flash.cut_at, flash.tear = at, tear
            flash_chip.mount(flash)
            told = ["ABC"]
            try:
                setup_mode(told)
            except OSError:
                pass  # the power has gone
            flash_chip.mount(flash.after_reboot())
            done = len(told) - 1
            assert names() in (steps[done], steps[min(done + 1, 3)]), (tear, at, told)
            seen.add((done, names()))
            stored_networks.forget(FileStorage(STATE), "A")  # it goes on as ever
            assert "A" not in names()
    assert {(0, "ABC"), (0, "AC"), (1, "AC"), (1, "DAC")} <= seen
