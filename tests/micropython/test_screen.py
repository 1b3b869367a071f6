"""When the screen does what, in virtual time: turning, changes, dimming, messages and the log."""

import asyncio
import gc
import sys

from tests.support.display import (
    FULL,
    FULL_FACTS,
    KINDS,
    PAUSED,
    Clock,
    Indication,
    Refreshing,
    after,
    attempts,
    picture,
    settle,
    started,
)

# isort: split
from firmware import screen as package
from firmware.application import Shown
from firmware.screen import drawing, pages
from firmware.unload import unload


async def test_the_first_face_is_shown_at_once():
    for kind in KINDS:
        display, screen, _ = started(kind)
        await after(100)
        assert display.calls == []  # nothing to show yet
        screen.show(Indication("starting", connected=False))
        await settle()
        assert display.seen() == (255, picture(pages.pages_of(Indication("starting"), 128, 64)[0]))


async def test_pages_turn_every_4_s_and_only_then_is_anything_sent():
    for kind in KINDS:
        display, _, _ = started(kind, FULL)
        book = pages.pages_of(FULL, 128, 64)
        assert len(book) == 3
        for turn in range(6):
            await settle()
            assert display.shown == picture(book[turn % 3]), turn
            display.calls.clear()
            await after(3_999)
            assert display.shown == picture(book[turn % 3]) and not display.calls, turn
            await asyncio.sleep_ms(1)


async def test_a_change_shows_at_once_and_what_looks_the_same_changes_nothing():
    display, screen, _ = started(indication=FULL)
    await after(5_000)
    assert display.shown == picture(pages.pages_of(FULL, 128, 64)[1])
    display.calls.clear()
    screen.show(Indication("online", **FULL_FACTS))
    await settle()
    assert not display.calls and display.shown == picture(pages.pages_of(FULL, 128, 64)[1])
    screen.show(FULL)
    screen.show(PAUSED)  # changes in quick succession are one
    await settle()
    assert display.shown == picture(pages.pages_of(PAUSED, 128, 64)[0])
    assert [name for _, name in display.calls] == ["show"]


async def test_one_page_is_sent_anew_every_24_s_and_no_more():
    for kind in KINDS:
        display, _, _ = started(kind, Indication("online"))
        await settle()
        begun = Clock.now_ms
        display.calls.clear()
        await after(99_999)
        assert [at - begun for at in attempts(display)] == [24_000, 48_000, 72_000, 96_000]
        assert display.calls[0][1] == ("refresh" if kind is Refreshing else "show")


async def test_turning_does_not_put_off_the_refresh():
    display, _, _ = started(indication=FULL)
    await settle()
    begun = Clock.now_ms
    display.calls.clear()
    await after(80_000)
    assert [at - begun for at, name in display.calls if name == "refresh"] == [
        24_000,
        48_000,
        72_000,
    ]


async def test_it_dims_after_120_s_without_change_or_press():
    for kind in KINDS:
        display, screen, _ = started(kind, Indication("online"))
        assert screen.wake() is False
        await after(119_999)
        assert display.level == 255
        await after(1)
        assert display.level == 1 and display.seen()
        assert screen.wake() is True
        await settle()
        assert display.level == 255
        assert screen.wake() is False
        await after(100_000)
        assert screen.wake() is False  # a press while bright begins the 120 s again
        await after(119_999)
        assert display.level == 255
        await after(1)
        assert display.level == 1
        screen.show(Indication("online"))  # no change
        await settle()
        assert display.level == 1
        screen.show(PAUSED)
        await settle()
        assert display.level == 255
        await after(
            3_600_000 if kind is Refreshing else 7 * 86_400_000
        )  # that is beyond what ticks can tell
        assert display.level == 1 and display.seen()
        assert screen.wake() is True
        await after(119_000)
        assert display.level == 255


async def test_what_is_not_well_goes_on_turning_while_dimmed():
    joining = Indication("joining", reason="paused_unknown", paused=None, **FULL_FACTS)
    display, _, _ = started(indication=joining)
    book = [picture(page) for page in pages.pages_of(joining, 128, 64)]
    assert len(book) == 2
    await after(120_001)
    for turn in range(31, 35):
        assert display.level == 1
        await after(4_000)
        assert display.shown == book[turn % 2]


async def test_where_all_is_well_the_first_page_stays_after_30_s():
    """So that the chip sleeps on. A press turns the pages again; from another page it turns back."""
    display, screen, _ = started(indication=FULL)
    book = pages.pages_of(FULL, 128, 64)
    await after(36_000)
    for _ in range(40):
        assert display.shown == picture(book[0])
        await after(4_000)
    assert display.level == 1
    display.calls.clear()
    await after(24_000)
    assert len(attempts(display)) == 1  # the refresh
    screen.wake()
    shown = []
    for _ in range(5):
        await after(4_000)
        shown.append(display.shown)
    assert picture(book[1]) in shown and picture(book[2]) in shown


async def test_brightness():
    display, screen, _ = started(indication=FULL)
    await settle()
    screen.set_brightness(20)
    await settle()
    assert display.level == 51
    screen.set_brightness(0)
    await settle()
    assert display.seen() is None
    display.calls.clear()
    await after(60_000)
    screen.show(PAUSED)
    await after(60_000)
    assert not display.calls  # dark is silent
    screen.set_brightness(500)
    await settle()
    assert display.seen() == (
        255,
        picture(pages.pages_of(PAUSED, 128, 64)[0]),
    )
    screen.set_brightness(-1)
    await settle()
    assert display.seen() is None
    display.unplug()
    display.plugged = True
    screen.set_brightness(1)
    await settle()
    assert display.seen()[0] == 2  # one that was changed in the dark is set up


async def test_a_message_is_shown_for_its_time_and_the_face_comes_back():
    display, screen, _ = started(indication=FULL)
    await after(5_000)
    screen.message("Unpair?", "Hold the button again to unpair", 3_000)
    await settle()
    message = picture(pages.text_pages("Unpair?", ("Hold the button again to unpair",), 128, 64)[0])
    assert display.shown == message
    screen.show(Indication("online", project="Other"))  # it does not cut the message short
    await after(2_999)
    assert display.shown == message
    await after(1)
    assert display.shown == picture(
        pages.pages_of(Indication("online", project="Other"), 128, 64)[0]
    )
    screen.message("A", "b", 3_000)
    await after(1_000)
    screen.message("C", "d", 3_000)
    await after(2_999)
    assert display.shown == picture(pages.text_pages("C", ("d",), 128, 64)[0])
    await after(1)
    assert display.shown == picture(
        pages.pages_of(Indication("online", project="Other"), 128, 64)[0]
    )


async def test_a_message_wakes_and_needs_no_indication():
    display, screen, _ = started()
    await after(200_000)
    screen.message("A", "b", 1_000)
    await settle()
    assert display.seen() == (255, picture(pages.text_pages("A", ("b",), 128, 64)[0]))
    await after(1_000)
    screen.show(FULL)
    await settle()
    assert display.shown == picture(pages.pages_of(FULL, 128, 64)[0])


async def test_the_log_is_shown_once_through():
    lines = ["%d min ago: Wi-Fi lost for a while" % minutes for minutes in range(12, 0, -1)]
    display, screen, _ = started(indication=FULL)
    await settle()
    screen.show_log(lines)
    book = pages.text_pages("Log", list(reversed(lines)), 128, 64)
    assert len(book) == 4 and b"".join(book[0][-1]).startswith(b"1 min ago")
    for page in book:
        await settle()
        assert display.shown == picture(page)
        await asyncio.sleep_ms(4_000)
    await settle()
    assert display.shown == picture(pages.pages_of(FULL, 128, 64)[0])


async def test_a_qr_code_stays_for_8_s():
    import firmware.screen

    class Encoder:
        def encode(self, text):
            return bytearray(29 * 4)

    sys.modules["firmware.screen.qr_code"] = firmware.screen.qr_code = Encoder()
    link = "https://next.frame.io/pair"
    indication = Indication(
        "pairing",
        user_code="123456",
        verification_uri=link,
        verification_uri_complete=link + "/123456",
    )
    code, qr_code = [picture(page) for page in pages.pages_of(indication, 128, 64)]
    display, _, _ = started(indication=indication)
    await settle()
    for _ in range(2):
        assert display.shown == code
        await after(3_999)
        assert display.shown == code
        await after(1)
        assert display.shown == qr_code
        await after(7_999)
        assert display.shown == qr_code
        await after(1)


async def test_no_memory_is_tried_again():
    """For laying out or for drawing."""
    book = [picture(page) for page in pages.pages_of(FULL, 128, 64)]
    display, screen, _ = started(indication=FULL)
    await settle()
    sys.modules["firmware.screen.pages"] = package.pages = Failing
    screen.show(PAUSED)
    await after(20_000)
    assert display.shown in book
    unload("firmware.screen.pages")
    await after(10_000)
    assert display.shown == picture(pages.pages_of(PAUSED, 128, 64)[0])
    draw, drawing.draw = drawing.draw, fail
    screen.show(FULL)
    await after(20_000)
    assert display.shown not in book
    drawing.draw = draw
    await after(24_000)
    assert display.shown in book


def fail(*arguments):
    raise MemoryError


class Failing:
    """In place of pages.py, as if it found no memory."""

    pages_of = fail


async def test_what_lays_out_is_loaded_for_a_change_only_while_all_is_well():
    """Where an application may change its texts each second, it stays."""
    _, screen, _ = started(indication=FULL)
    await settle()
    assert not is_loaded()
    screen.message("A", "b", 1_000)
    await settle()
    assert not is_loaded()
    screen.show(Indication("online", application=Shown("a", "", None, ())))
    await settle()
    assert is_loaded()
    screen.show(Indication("online"))
    await settle()
    assert not is_loaded()
    screen.show(Indication("no_network", connected=False))
    await settle()
    assert is_loaded()


def is_loaded():
    return "firmware.screen.pages" in sys.modules


async def test_the_heap_does_not_grow():
    display, screen, _ = started(indication=FULL)
    indications = (
        FULL,
        PAUSED,
        Indication("no_backend", reason="timeout"),
        Indication("online", project="é" * 300),
    )

    async def an_hour():
        for _ in range(2):
            for indication in indications:
                screen.show(indication)
                await after(60_000)
                screen.message("A", "b", 1_000)
                screen.show_log(["a", "b"])
                await after(390_000)
                display.calls.clear()
        gc.collect()
        return gc.mem_alloc()

    await an_hour()
    before = await an_hour()
    for _ in range(10):
        used = await an_hour()
    assert used <= before + 1_000, (before, used)


async def test_a_low_display_too():
    display, _, _ = started(indication=FULL, height=32)
    book = pages.pages_of(FULL, 128, 32)
    for page in book:
        await settle()
        assert display.seen() == (255, picture(page, 32))
        await asyncio.sleep_ms(4_000)


async def test_dark_at_the_end_also_without_a_display():
    for kind in KINDS:
        display, screen, _ = started(kind, Indication("online"))
        await settle()
        screen.go_dark()
        assert display.seen() is None
        display.unplug()
        screen.go_dark()


class Network:
    """A Wifi, and its driver; rssi: what that says, or an error that it raises."""

    rssi = -60
    up = True

    def __init__(self):
        self.wlan = self
        self.target = {"ssid": "Stage 5"}

    def is_up(self):
        return self.up

    def status(self, _what):
        if not isinstance(self.rssi, int):
            raise self.rssi
        return self.rssi

    def ipconfig(self, _what):
        self.status("rssi")
        return "10.0.0.7", "255.255.255.0"


class Wired(Network):
    """An Ethernet, and its driver."""

    def __init__(self):
        self.lan = self


async def test_the_network_s_name_and_address_and_its_strength_as_it_changes():
    network = Network()
    display, screen, _ = started(indication=PAUSED, network=network)
    for rssi, bars in ((-60, 3), (-30, 4), (-75, 2), (-76, 1), (-99, 1), (OSError(5), 0)):
        network.rssi = rssi
        await after(30_000)
        book = pages.pages_of(PAUSED, 128, 64, True, ("Stage 5", "10.0.0.7"))
        assert display.shown in [picture(page, bars=bars) for page in book], rssi
    assert display.level == 1  # none of that was a change that wakes
    network.up = False
    screen.show(Indication("no_network"))
    await settle()
    assert display.shown == picture(pages.pages_of(Indication("no_network"), 128, 64)[0])


async def test_other_networks():
    starved = Network()
    starved.rssi = OSError(5)
    for network, shown in ((Wired(), ("", "10.0.0.7")), (object(), None), (starved, None)):
        display, _, _ = started(indication=PAUSED, network=network)
        await settle()
        book = pages.pages_of(PAUSED, 128, 64, True, shown)
        for page in book:
            assert display.shown == picture(page), network
            await after(4_000)


async def test_an_application_s_new_line_each_second_neither_brightens_nor_turns_back():
    def uploading(percent):
        facts = dict(FULL_FACTS, application=Shown("%d %% sent" % percent, "1", None, ()))
        return Indication("online", **facts)

    display, screen, _ = started(indication=uploading(0))
    book = pages.pages_of(uploading(0), 128, 64)
    seen = set()
    for second in range(121):
        screen.show(uploading(second % 100))
        await after(1_000)
        seen.add(display.shown)
    assert display.level == 1
    assert all([picture(page) in seen for page in book[1:]])
    screen.show(Indication("no_backend", connected=False))  # this is news
    await settle()
    assert display.level == 255


async def test_a_press_begins_with_the_first_page_even_after_days():
    for days in (0, 8):
        display, screen, task = started(indication=FULL)
        await after(200_000 + days * 86_400_000)
        screen.wake()
        await after(3_000)
        book = pages.pages_of(FULL, 128, 64)
        assert display.shown == picture(book[0])
        await after(2_000)
        assert display.shown == picture(book[1])
        task.cancel()
