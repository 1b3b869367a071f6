"""A display that is unplugged and plugged in, or fails in any call, in virtual time."""

import asyncio

from tests.support.display import (
    FULL,
    KINDS,
    PAUSED,
    Clock,
    Display,
    Indication,
    Screen,
    after,
    picture,
    settle,
    started,
)

# isort: split
from firmware.screen import pages


async def test_plugged_in_again_it_shows_the_right_picture_within_30_s():
    for away_ms in (10, 3_000, 26_000, 60_000, 200_000):
        display, screen, task = started(indication=FULL)
        await after(10_000)
        screen.set_brightness(50)
        await settle()
        display.unplug()
        await after(away_ms)
        display.plugged = True
        begun = Clock.now_ms
        while display.seen() is None:
            assert Clock.now_ms - begun < 30_000
            await asyncio.sleep_ms(500)
        await after(1)
        assert display.level == (127 if away_ms <= 60_000 else 1), (away_ms, display.level)
        await after(4_000)
        assert display.seen()[1] in [picture(page) for page in pages.pages_of(FULL, 128, 64)]
        screen.wake()
        await settle()
        shown = display.shown
        await after(4_001)
        assert display.shown != shown  # and a press turns its pages
        task.cancel()


async def test_plugged_in_again_it_shows_the_next_change_at_once():
    for kind in KINDS:
        display, screen, _ = started(kind, FULL)
        await after(1_000)
        display.unplug()
        await after(5_000)
        display.plugged = True
        screen.show(PAUSED)
        await settle()
        assert display.seen() == (
            255,
            picture(pages.pages_of(PAUSED, 128, 64)[0]),
        )


async def test_a_stock_driver_is_set_up_after_an_error():
    display, _, _ = started(Display, FULL)
    await after(1_000)
    display.unplug()
    await after(5_000)
    display.plugged = True
    await after(25_000)
    assert display.seen()


async def test_an_absent_display_is_tried_once_a_change_and_every_24_s():
    for kind in KINDS:
        display = kind()
        display.unplug()
        screen = Screen(display)
        asyncio.create_task(screen.run())
        screen.show(FULL)
        await after(100_000)
        assert len(display.calls) == 5, (
            display.calls
        )  # at once, and at 24, 48, 72 and 96 s: one call each
        display.calls.clear()
        for number in range(10):
            await after(1_000)
            screen.show(Indication("online", project=str(number)))
            await settle()
            screen.wake()
            screen.set_brightness(40 + number)
            await settle()
        assert len(display.calls) == 10, display.calls


async def test_errors_at_every_call():
    """Whatever call the display fails at, the screen goes on, and is right again 24 s later."""
    for kind in KINDS:
        for name in ("show", "refresh", "contrast", "on", "off", "init"):
            display, screen, task = started(kind, FULL)
            await after(1_000)
            display.failing = name
            screen.set_brightness(0)
            await after(30_000)
            screen.set_brightness(80)
            screen.show(PAUSED)
            await after(30_000)
            display.failing = None
            await after(25_000)
            assert not task.done()
            assert display.seen() == (
                204,
                picture(pages.pages_of(PAUSED, 128, 64)[0]),
            ), (kind, name)


async def test_who_wakes_a_missing_display_is_told_that_it_was_not_dimmed():
    """Else the first press would do nothing that can be seen, on a board that has only a light."""
    for kind in KINDS:
        display = kind()
        display.unplug()
        screen = Screen(display)
        asyncio.create_task(screen.run())
        screen.show(FULL)
        await after(130_000)
        assert screen.wake() is False


async def test_a_display_that_does_not_answer_is_missing_after_the_second_try():
    for kind in KINDS:
        display = kind()
        display.unplug()
        screen = Screen(display)
        asyncio.create_task(screen.run())
        screen.show(FULL)
        await settle()
        assert not screen.is_missing  # it may have been a disturbance
        await after(26_000)
        assert screen.is_missing
        display.plugged = True
        await after(26_000)
        assert not screen.is_missing


def test_the_address_of_a_display():
    display = Display()
    assert Screen(display).address == "its address"
    display.addr = 0x3D
    assert Screen(display).address == "address 0x3d"
