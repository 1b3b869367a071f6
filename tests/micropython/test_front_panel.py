"""What the button does to light, screen and pairing, against stand-ins that record calls."""

import asyncio

from tools.virtual_board import virtual_time

virtual_time.install(board=True)

from firmware.indication import Indication
from firmware.panel import button as button_module
from firmware.panel.front_panel import LEVELS, FrontPanel
from firmware.strings import MESSAGES
from pilotlight.credentials import NotAuthorized
from pilotlight.status import DeviceStatus


class Button:
    """Stands in for the real one: tests call what it was given."""

    def __init__(self, pin, on_short, on_double, on_long):
        Button.press, Button.double_press, Button.hold = on_short, on_double, on_long

    async def run(self):
        await asyncio.Event().wait()


button_module.Button = Button


class Told:
    """Light, screen, button, storage, log, agent and supervisor in one, which records its calls.

    awake: `wake` returns the opposite. pin_level: 0 while the button is held.
    """

    def __init__(self):
        self.told = []
        self.records = {}
        self.status = DeviceStatus()
        self.awake = True
        self.fixed = False
        self.is_missing = False
        self.address = "address 0x3c"
        self.pin_level = 0

    def note(self, part, what):
        self.told.append((part, what))

    def show(self, *what):
        self.told.append(("show", what[0] if isinstance(what[0], str) else what[0].state))

    def set_brightness(self, percent):
        self.told.append(("brightness", percent))

    def wake(self):
        was_dimmed, self.awake = not self.awake, True
        return was_dimmed

    def message(self, title, text, ms):
        self.told.append(("message", title))

    def go_dark(self):
        self.told.append("dark")

    def show_log(self, lines):
        self.told.append(("log", lines))

    async def run(self):
        await asyncio.Event().wait()

    def load(self, name):
        return self.records.get(name)

    def save(self, name, record):
        if self.fixed:
            raise OSError(28)
        self.records[name] = record

    def in_words(self):
        return ["a short line"]

    def cancel_pairing(self):
        self.told.append("cancel")

    def reset(self):
        self.told.append("reset")

    def value(self):
        return self.pin_level

    async def unpair(self, pair_again=False):
        if self.fixed:
            raise NotAuthorized("token_refused", "a fixed token")
        self.told.append("pair again" if pair_again else "unpair")
        await asyncio.sleep_ms(5_000)  # the revocation


def panel_of(told, notes=None, light=True, screen=True, brightness=100):
    panel = FrontPanel(
        told if light else None,
        told if screen else None,
        told,
        told,
        brightness,
        ([] if notes is None else notes).append,
    )
    running = asyncio.create_task(asyncio.gather(*panel.jobs(told, told)))
    told.told.clear()
    return panel, running


async def hold():
    Button.hold()
    await asyncio.sleep_ms(100)


def test_a_face_goes_to_light_and_screen():
    told = Told()
    status = DeviceStatus()
    for light, screen in ((True, True), (True, False), (False, True), (False, False)):
        told.told.clear()
        panel = FrontPanel(told if light else None, told if screen else None, None, told, 100, None)
        told.told.clear()
        panel.show(Indication(status))
        assert told.told == [("show", "off")] * light + [("show", "starting")] * screen


async def test_a_light_that_stands_still_is_mended_and_at_the_end_all_is_dark():
    told = Told()
    panel, _ = panel_of(told, screen=False)
    await asyncio.sleep_ms(21_000)
    assert told.told == []  # there was no indication yet
    panel.show(Indication(told.status))
    told.told.clear()
    await asyncio.sleep_ms(5_000)
    assert told.told == [("show", "off")]
    panel, _ = panel_of(told)
    panel.go_dark()
    assert told.told == [("show", "off"), "dark"]


async def test_presses_go_through_the_brightness_and_it_is_kept():
    told = Told()
    panel, running = panel_of(told)
    await asyncio.sleep_ms(1)
    for level in (0, 5, 30, 100, 0):
        Button.press()
        assert told.told == [("brightness", level)] * 2 and told.records["brightness"] == {
            "percent": level
        }
        told.told.clear()
    running.cancel()
    panel, running = panel_of(told)
    assert panel.brightness == 0
    told.records["brightness"] = {"percent": 42}  # an application's own
    panel, running = panel_of(told)
    await asyncio.sleep_ms(1)
    Button.press()
    assert panel.brightness == 100 and 42 not in LEVELS
    for record in ({}, {"percent": "x"}, {"percent": 101}, {"percent": -1}, {"percent": True}):
        told.records["brightness"], notes = record, []
        assert panel_of(told, notes, brightness=30)[0].brightness == 30
        assert len(notes) == 1 and "brightness" in notes[0], notes


async def test_a_press_on_a_dimmed_screen_only_wakes_it():
    told = Told()
    panel, _ = panel_of(told)
    await asyncio.sleep_ms(1)
    told.awake = False
    Button.press()
    assert told.told == [] and told.awake and panel.brightness == 100
    Button.press()
    assert panel.brightness == 0
    told.awake = False
    Button.press()  # dark on purpose: there is nothing to wake, and what comes is not to be dim
    assert panel.brightness == 5 and told.awake


async def test_an_application_may_take_a_press():
    told = Told()
    panel, running = panel_of(told)
    told.status.update(network_up=True, connected=True, user_code="123456")
    presses = []

    def on_press(kind):
        presses.append(kind)
        return is_taken

    panel.on_press = on_press
    is_taken = True
    Button.press()
    Button.double_press()
    await asyncio.sleep_ms(0)
    await hold()
    assert presses == ["short", "double", "hold"] and told.told == []
    is_taken = False
    Button.double_press()
    await hold()
    assert presses[3:] == ["double", "hold"] and told.told == [("log", ["a short line"]), "cancel"]

    def without_memory(kind):
        raise MemoryError

    panel.on_press = without_memory
    await hold()
    assert not running.done()
    running.cancel()


async def test_a_double_press_shows_the_log():
    told = Told()
    panel_of(told)
    await asyncio.sleep_ms(1)
    Button.double_press()
    assert told.told == [("log", ["a short line"])]
    panel_of(told, screen=False)
    await asyncio.sleep_ms(1)
    Button.double_press()
    assert told.told == []


async def test_a_hold_cancels_a_pairing_and_begins_one():
    told = Told()
    panel_of(told)
    await asyncio.sleep_ms(1)
    told.status.update(authorized=False, user_code="123456")
    await hold()
    assert told.told == ["cancel"]
    told.status.update(user_code=None)
    told.told.clear()
    await hold()
    await hold()  # impatient
    await asyncio.sleep_ms(10_000)
    assert told.told == ["pair again"]


async def test_a_working_pairing_is_ended_by_a_second_hold_only():
    told = Told()
    panel_of(told)
    await asyncio.sleep_ms(1)
    question = ("message", MESSAGES["hold_again"][0])
    await hold()
    assert told.told == [question]
    await asyncio.sleep_ms(10_100)
    await hold()
    assert told.told == [question, question]
    await asyncio.sleep_ms(9_000)
    await hold()
    assert told.told == [question, question, "pair again"]


# What the light shows → whether a hold opens setup mode on a board with Wi-Fi.
LADDER = (
    ({"network_up": False, "starting_is_over": True}, "no_network", True),
    ({"network_up": False, "starting_is_over": True, "user_code": "1"}, "no_network", True),
    ({"starting_is_over": True}, "no_backend", True),
    ({"request_reason": "portal", "authorized": False}, "no_backend", True),
    ({"connected": True}, "joining", False),
    ({"connected": True, "joined": True, "paused": True}, "paused", False),
    ({"connected": True, "joined": True, "paused": False}, "online", False),
    ({"connected": True, "authorized": False}, "unpaired", False),
    ({"authorized": False, "user_code": "123456"}, "pairing", False),
)


async def test_a_hold_where_the_network_is_at_fault_opens_setup_mode_and_never_unpairs():
    for facts, state, opens in LADDER:
        for has_wifi in (True, False):
            told = Told()
            panel, running = panel_of(told)
            if has_wifi:
                panel.reset = told.reset
            await asyncio.sleep_ms(1)
            told.status.update(**facts)
            assert told.status.state == state
            panel.show(Indication(told.status))
            told.told.clear()
            await hold()
            if opens and has_wifi:
                await asyncio.sleep_ms(30_000)
                assert "reset" not in told.told and told.told[0] == ("show", "off")
                assert "dark" in told.told and set(told.told[2:]) == {("show", "off")}, told.told
                told.pin_level = 1
                await asyncio.sleep_ms(100)
                assert told.told[-1] == "reset", told.told
                assert told.records["known_networks"]["setup"] == "wanted"
            else:
                assert "reset" not in told.told and "known_networks" not in told.records
            running.cancel()


async def test_in_the_dark_holds_only_bring_back_the_light():
    """A dark device looks switched off: holding the button twice must not end its pairing."""
    told = Told()
    panel, _ = panel_of(told, brightness=0)
    await asyncio.sleep_ms(1)
    await hold()
    assert told.told == [("brightness", 5)] * 2 and told.records["brightness"] == {"percent": 5}
    told.told.clear()
    await hold()
    assert told.told == [("message", MESSAGES["hold_again"][0])]
    await asyncio.sleep_ms(11_000)
    panel.set_brightness(0)
    told.status.update(authorized=False)
    told.told.clear()
    await hold()
    assert told.told == [("brightness", 5)] * 2  # the code could not be seen
    panel.set_brightness(0)
    told.told.clear()
    Button.double_press()
    assert told.told == [("brightness", 5)] * 2


async def test_a_light_alone_is_dark_while_a_second_hold_is_asked_for():
    told = Told()
    panel, _ = panel_of(told, screen=False)
    await asyncio.sleep_ms(1)
    told.status.update(starting=False, connected=True, joined=True, paused=False)
    panel.show(Indication(told.status))
    for holds in (1, 2):
        told.told.clear()
        await hold()
        await asyncio.sleep_ms(5_500)  # the light is mended meanwhile
        assert set(told.told) == {("show", "off")}
        told.told.clear()
        if holds == 2:
            await hold()
        await asyncio.sleep_ms(5_000)
        assert ("show", "solid") in told.told and ("pair again" in told.told) == (holds == 2), (
            told.told
        )


async def test_a_fixed_token_can_not_be_unpaired():
    told, notes = Told(), []
    panel_of(told, notes)
    await asyncio.sleep_ms(1)
    told.fixed = True
    told.status.update(authorized=False)
    await hold()
    assert told.told == [("message", MESSAGES["fixed_token"][0])] and "fixed token" in notes[0]


async def test_a_full_flash_costs_the_keeping_only():
    told, notes = Told(), []
    panel, _ = panel_of(told, notes)
    told.fixed = True
    panel.set_brightness(30)
    assert told.told == [("brightness", 30)] * 2 and "could not be stored" in notes[0]


async def test_a_hold_for_which_there_is_no_memory_is_one_that_was_not_made():
    told = Told()
    panel_of(told)
    await asyncio.sleep_ms(1)
    told.status.update(authorized=False)
    unpair, told.unpair = told.unpair, no_memory
    await hold()
    told.unpair = unpair
    await hold()
    assert told.told == ["pair again"]


def no_memory(*_arguments, **_named):
    raise MemoryError


async def test_a_screen_that_does_not_answer_is_told_once():
    told, notes = Told(), []
    panel_of(told, notes)
    await asyncio.sleep_ms(60_000)
    assert not notes
    for _ in range(2):
        told.told.clear()
        notes.clear()
        told.is_missing = True
        await asyncio.sleep_ms(60_000)
        assert told.told == [("screen", "no_answer")] and len(notes) == 1
        assert notes[0].startswith("the screen at address 0x3c does not answer: "), notes
        told.is_missing = False
        await asyncio.sleep_ms(60_000)
        assert told.told[1:] == [("screen", "answers")] and len(notes) == 2
    told, notes = Told(), []
    panel_of(told, notes, screen=False)
    told.is_missing = True
    await asyncio.sleep_ms(60_000)
    assert told.told == notes == []
