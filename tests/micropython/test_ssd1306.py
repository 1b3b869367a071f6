"""The SSD1306 driver against the model of the chip: picture, bytes on the wire, heap."""

import random

import micropython

from firmware.screen.ssd1306 import SSD1306_I2C
from tests.support.expect import raises
from tests.support.fitted_display import Bus, drawn, fitted, turned
from tools.virtual_board.modules.chips.ssd1306 import SSD1306

SET_UP_BYTES = 30  # with the address byte, as all counts here
PAGE_BYTES = 5 + 2 + 128
POWER_BYTES = 3


def scribble(display):
    for _ in range(random.randrange(4)):
        place = random.randrange(-20, 128), random.randrange(-20, 64)
        kind = random.randrange(4)
        if kind == 0:
            display.text(chr(random.randrange(32, 127)), *place, random.randrange(2))
        elif kind == 1:
            display.fill_rect(
                *place, random.randrange(60), random.randrange(30), random.randrange(2)
            )
        elif kind == 2:
            display.line(*place, random.randrange(128), random.randrange(64), 1)
        else:
            display.pixel(*place, random.randrange(2))


def test_the_first_show_sets_up():
    for height in (64, 32):
        display, bus, chip = fitted(height)
        assert bus.sent == 0 and display.pages == height // 8 and len(display.buffer) == 16 * height
        display.text("Pilotlight", 3, 5)
        display.pixel(0, 0, 1)
        display.pixel(127, height - 1, 1)
        display.contrast(77)
        display.invert(True)
        assert bus.sent == 0
        display.show()
        assert chip.on and chip.contrast == 77
        assert chip.picture() == bytes(byte ^ 0xFF for byte in drawn(display))
        display.invert(False)
        assert chip.picture() == drawn(display) != bytes(16 * height)


def test_bytes_on_the_wire():
    for height, whole in ((64, 1113), (32, 573)):
        display, bus, chip = fitted(height)
        display.show()
        assert bus.sent == whole == SET_UP_BYTES + height // 8 * PAGE_BYTES + POWER_BYTES
        for change, wanted in (
            (lambda: None, 0),
            (lambda: display.text("A", 64, 8), 15),  # the page and the column, then 8 columns
            (lambda: display.text("A", 64, 8), 0),
            (lambda: display.text("B", 64, 8), 15),
            (lambda: display.pixel(127, 0, 1), 15),
            (lambda: display.pixel(3, 12, 1), 15),
            (
                lambda: (display.pixel(3, 12, 0), display.pixel(60, 12, 1)),
                15 + 56,
            ),  # from the one to the other
            (lambda: display.text("Paused", 0, 24), 15 + 40),
            (lambda: display.text("A", 40, 4), 30),  # across two pages
            (lambda: display.fill(1), height // 8 * PAGE_BYTES),
            (lambda: display.show(), 0),
        ):
            bus.sent = 0
            change()
            display.show()
            assert chip.picture() == drawn(display)
            assert bus.sent == wanted, (bus.sent, wanted)
        bus.sent = 0
        display.refresh()
        assert bus.sent == whole


def test_any_drawing():
    random.seed(1306)
    for height in (64, 32):
        display, bus, chip = fitted(height)
        for _ in range(60):
            before = bytes(display.buffer) if bus.sent else None
            bus.sent = 0
            scribble(display)
            display.show()
            assert chip.picture() == drawn(display)
            if before:
                pages = range(0, len(before), 128)
                differing = [
                    at for at in pages if before[at : at + 128] != display.buffer[at : at + 128]
                ]
                assert bus.sent <= len(differing) * PAGE_BYTES


def test_off_goes_on_being_drawn():
    display, bus, chip = fitted()
    display.show()
    display.poweroff()
    bus.sent = 0
    display.text("8", 8, 8)
    display.show()
    assert bus.sent == 15 and not chip.on
    display.poweron()
    assert bus.sent == 18 and chip.picture() == drawn(display)


def test_turned():
    display, _, chip = fitted()
    display.text("up", 1, 2)
    display.show()
    display.rotate(False)
    display.show()
    assert chip.picture() == turned(drawn(display))
    display.text("side", 50, 20)
    display.show()
    assert chip.picture() == turned(drawn(display))
    display.rotate(True)
    display.show()
    assert chip.picture() == drawn(display)


def test_init_display_begins_anew():
    display, _, chip = fitted()
    display.text("old", 0, 0)
    display.contrast(1)
    display.invert(1)
    display.rotate(0)
    display.show()
    display.poweroff()
    display.init_display()
    assert chip.on and chip.contrast == 255 and chip.picture() == bytes(1024) == drawn(display)
    display.text("new", 0, 0)
    display.show()
    assert chip.picture() == drawn(display)


def test_a_supply_of_its_own():
    display, bus, chip = fitted(external_vcc=True)
    display.text("12 V", 0, 0)
    display.show()
    assert chip.on and not chip.charge_pump and chip.picture() == drawn(display)
    bus = Bus(SSD1306())
    display = SSD1306_I2C(128, 64, bus, 0x3C, True)
    display.show()
    assert not bus.chip.on


def test_the_other_address_and_sizes():
    bus = Bus(SSD1306(), 0x3D)
    display = SSD1306_I2C(128, 64, bus, addr=0x3D)
    display.show()
    assert bus.chip.on
    for size in ((128, 16), (64, 48), (96, 64), (64, 128)):
        with raises(ValueError):
            SSD1306_I2C(*size, bus)


def test_raw_commands_and_data():
    display, bus, chip = fitted()
    display.text("raw", 0, 0)
    display.show()
    display.write_cmd(0x81)
    display.write_cmd(0x05)
    assert chip.contrast == 5
    display.write_data(b"\xff" * 3)
    assert chip.picture() != drawn(display)
    bus.sent = 0
    display.show()
    assert chip.picture() == drawn(display) and chip.contrast == 255 and bus.sent == 1113


class Tape:
    """A bus that only remembers, in memory that it has."""

    def __init__(self):
        self.bytes = bytearray(8000)
        self.lengths = bytearray(400)
        self.count = self.end = 0

    def writeto(self, address, data):
        tape, end = self.bytes, self.end
        for at in range(len(data)):
            tape[end] = data[at]
            end += 1
        self.end = end
        self.lengths[self.count] = len(data)
        self.count += 1
        return len(data)

    def play(self, chip):
        at = 0
        for length in self.lengths[: self.count]:
            chip.write(self.bytes[at : at + length])
            at += length


def test_nothing_is_allocated():
    for height in (64, 32):
        tape = Tape()
        display = SSD1306_I2C(128, height, tape)
        micropython.heap_lock()
        try:
            display.show()
            display.show()
            display.fill_rect(17, 3, 70, 40, 1)
            display.show()
            display.contrast(200)
            display.invert(1)
            display.poweroff()
            display.pixel(126, 9, 1)
            display.show()
            display.poweron()
            display.rotate(0)
            display.refresh()
            display.invert(0)
            display.rotate(1)
            display.show()
        finally:
            micropython.heap_unlock()
        chip = SSD1306(128, height)
        tape.play(chip)
        assert (
            chip.on
            and chip.contrast == 200
            and chip.picture() == drawn(display) != bytes(16 * height)
        )
