"""The SSD1306 driver and a display that is missing, unplugged or cut off in a transaction."""

import random

from tests.support.expect import raises
from tests.support.fitted_display import drawn, fitted, turned


def test_unplugged_unnoticed_and_plugged_in_again():
    display, bus, chip = fitted()
    display.text("online", 0, 0)
    display.contrast(9)
    display.show()
    chip.unplug()
    chip.plug()
    seen = []
    chip.watchers.append(lambda: seen.append(chip.picture()))
    bus.sent = 0
    display.show()
    assert bus.sent == 0 and not chip.on  # nothing differs, as far as anyone can know
    display.refresh()
    assert chip.on and chip.contrast == 9
    assert seen == [drawn(display)]  # no noise before
    display.refresh()
    assert seen == [drawn(display)]  # and no blinking of one that was there


def test_a_missing_display_costs_an_address_byte_and_comes_back():
    display, bus, chip = fitted()
    chip.unplug()
    for method in (
        display.show,
        display.refresh,
        display.poweron,
        display.poweroff,
        display.init_display,
    ):
        bus.sent = 0
        with raises(OSError) as caught:
            method()
        assert bus.sent == 1 and caught.error.errno == 19
    bus.sent = 0
    display.contrast(3)
    display.invert(1)
    display.rotate(0)
    assert bus.sent == 0
    display.text("back", 0, 0)
    chip.plug()
    display.show()
    assert chip.on and chip.contrast == 3
    assert chip.picture() == turned(bytes(byte ^ 0xFF for byte in drawn(display)))


def test_unplugged_while_a_show_is_due():
    for method in ("show", "contrast", "invert", "poweroff", "write_cmd"):
        display, _, chip = fitted()
        display.text("1", 0, 0)
        display.show()
        chip.unplug()
        display.text("2", 50, 50)
        with raises(OSError):
            getattr(display, method)(*() if method in ("show", "poweroff") else (1,))
        chip.plug()
        display.show()  # though nothing has changed since the failed one
        assert chip.on == (method != "poweroff")
        display.poweron()
        picture = drawn(display)
        assert chip.picture() == (
            bytes(byte ^ 0xFF for byte in picture) if method == "invert" else picture
        )


def test_cut_off_at_any_byte():
    random.seed(64)
    display, bus, chip = fitted()
    display.show()
    contrasts = [255]

    def show_something_else():
        contrasts.append(random.randrange(256))
        display.contrast(contrasts[-1])
        display.fill(0)
        display.text(
            "%06d" % random.randrange(10**6), 3 + random.randrange(40), random.randrange(50)
        )
        display.show()

    for begin, at_least in ((display.refresh, 1050), (show_something_else, 60)):
        cut = 0
        while True:
            bus.cut_after = cut
            try:
                begin()
                break
            except OSError:
                pass
            display.show()
            assert chip.on and chip.picture() == drawn(display), cut
            assert chip.contrast == contrasts[-1], cut
            cut += 1 if cut < 80 else 53
        bus.cut_after = None
        assert cut > at_least, cut


def test_after_a_driver_that_was_cut_off():
    """The board was reset during another driver's transaction, and the chip was not."""
    for rest in (
        b"\x00\x20",
        b"\x00\x20\x00\x21",
        b"\x00\x20\x01\x21\x00",
        b"\x00\x81",
        b"\x00\x8d",
        b"\x00\xa8",
        b"\x00\xda",
    ):
        display, _, chip = fitted()
        chip.write(rest)
        display.text("begun", 0, 0)
        display.show()
        assert chip.on and chip.contrast == 255 and chip.picture() == drawn(display)


def test_anything_else_that_ends_a_show_is_no_success_either():
    display, bus, chip = fitted()
    display.show()
    display.text("1", 0, 0)

    def interrupted(address, data):
        raise KeyboardInterrupt

    bus.writeto, kept = interrupted, bus.writeto
    with raises(KeyboardInterrupt):
        display.show()
    bus.writeto = kept
    display.show()
    assert chip.picture() == drawn(display)


def test_settings_are_kept_over_unplugging():
    display, _, chip = fitted()
    display.text("7", 9, 9)
    display.show()
    display.contrast(0x33)
    display.invert(1)
    display.poweroff()
    assert chip.contrast == 0x33 and not chip.on
    chip.unplug()
    chip.plug()
    display.refresh()
    assert chip.contrast == 0x33 and not chip.on
    display.poweron()
    assert chip.on and chip.picture() == bytes(byte ^ 0xFF for byte in drawn(display))
    display.invert(0)
    assert chip.picture() == drawn(display)
