"""What a board without a screen says on its serial console."""

import asyncio

from tools.virtual_board import virtual_time

virtual_time.install()

from firmware.indication import Indication
from firmware.screen import pages, serial_screen
from firmware.screen.screen import Screen
from firmware.screen.serial_screen import SerialScreen
from firmware.strings import PAGES, REASONS
from pilotlight.status import DeviceStatus

CODE = "to pair, enter 123456 at https://frame.example/device (a code that ends is replaced"


class Wifi:
    networks = ()


def screen_of(has_button=True, network=None):
    """(the running screen, what it says)"""
    said = []
    serial_screen.log = said.append
    made = SerialScreen(has_button, network)
    asyncio.create_task(made.run())
    return made, said


def shown(**facts):
    status = DeviceStatus()
    status.update(authorized=False, connected=True, starting_is_over=True, **facts)
    return Indication(status)


async def test_a_code_is_told_at_once_and_again_and_again_while_it_is_shown():
    screen, said = screen_of()
    screen.show(shown(user_code="123456", verification_uri="https://frame.example/device"))
    await asyncio.sleep_ms(10)
    assert len(said) == 1 and said[0].startswith(CODE), said
    await asyncio.sleep_ms(60_000)
    assert 3 <= len(said) <= 5 and set(said) == {said[0]}, said
    screen.show(shown(user_code="654321"))
    await asyncio.sleep_ms(10)
    assert "enter 654321 at Frame.io " in said[-1]
    screen.show(shown(authorization_reason="cancelled"))
    await asyncio.sleep_ms(600_000)
    assert said[-1] == "The pairing was cancelled: Hold the button to pair"
    assert "654321" in said[-2]


async def test_a_reason_is_told_once():
    screen, said = screen_of()
    for _ in range(2):
        screen.show(shown(network_up=False, network_reason="wifi_not_found"))
        await asyncio.sleep_ms(10)
    screen.show(shown())
    await asyncio.sleep_ms(10)
    screen.show(shown(network_up=False, network_reason="wifi_not_found"))
    await asyncio.sleep_ms(10)
    assert said == ["The Wi-Fi network was not found: Check its name, range and 2.4 GHz"] * 2


async def test_how_the_wi_fi_is_changed():
    for network, has_button, more in (
        (Wifi(), True, "Restart its router: Hold the button to change the Wi-Fi"),
        (Wifi(), False, "Restart its router"),
        (None, True, "Restart its router"),
    ):
        screen, said = screen_of(has_button, network)
        screen.show(shown(network_up=False, network_reason="no_address"))
        await asyncio.sleep_ms(10)
        assert said == ["The network gave no address: " + more]


async def test_what_the_button_asks_and_shows():
    screen, said = screen_of()
    screen.message("Unpair?", "Hold again", 1000)
    screen.show_log(["line %d" % number for number in range(20)])
    assert said[0] == "Unpair? Hold again" and said[1:] == ["line %d" % n for n in range(20)]


async def test_no_word_names_a_button_that_is_not_there():
    assert "button" in REASONS["cancelled"][1]
    for reason in REASONS:
        screen, said = screen_of(has_button=False)
        indication = shown(authorization_reason=reason)
        screen.show(indication)
        await asyncio.sleep_ms(1)
        assert len(said) == 1 and "button" not in said[0], said
        assert "button" not in str(pages.words(indication, False)), reason
    for state in PAGES:
        indication.state, indication.reason = state, None
        assert "button" not in str(pages.words(indication, False)), state
    assert said[0] != "" and pages.words(shown(authorization_reason="cancelled"), False)[1][1] == (
        "> Restart it to pair"
    )


class Display:
    width, height = 128, 64


async def test_a_screen_is_told_whether_there_is_a_button_and_what_it_does():
    told = []
    pages.pages_of = lambda indication, *others: told.append(others) or []
    for has_button in (True, False):
        for network in (None, Wifi()):
            screen = Screen(Display(), has_button, network)
            asyncio.create_task(screen.run())
            screen.show(shown())
            await asyncio.sleep_ms(10)
    assert told == [
        (128, 64, True, None, False),
        (128, 64, True, None, True),
        (128, 64, False, None, False),
        (128, 64, False, None, False),
    ]
