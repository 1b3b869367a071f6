"""The SSD1306 driver against the model of the chip: the picture that is seen, the bytes on the wire, trouble on the bus, the heap."""

import random

import framebuf
import micropython

from firmware.ssd1306 import SSD1306_I2C
from tests.micropython.expect import raises
from tools.virtual_board.modules.chips.ssd1306 import SSD1306

SET_UP_BYTES = 30  # with the address byte, as all counts here
PAGE_BYTES = 5 + 2 + 128
POWER_BYTES = 3


class Bus:
    """An I2C bus with one chip. sent: bytes since it was last set to 0. cut_after: so many more bytes, and the wire breaks off."""

    def __init__(self, chip, address=0x3C):
        self.chip = chip
        self.address = address
        self.sent = 0
        self.cut_after = None

    def writeto(self, address, data):
        self.sent += 1
        if not self.chip.plugged or address != self.address:
            raise OSError(19)
        if self.cut_after is not None and self.cut_after < len(data):
            if self.cut_after > 1:  # a control byte alone does nothing
                self.chip.write(data[: self.cut_after])
            self.cut_after = None
            raise OSError(5)
        if self.cut_after is not None:
            self.cut_after -= len(data)
        self.sent += len(data)
        self.chip.write(data)
        return len(data)

    def writevto(self, address, vector):
        return self.writeto(address, b"".join(bytes(part) for part in vector))


def fitted(height=64, **kind):
    """A display, its bus and its chip."""
    bus = Bus(SSD1306(128, height, **kind))
    return SSD1306_I2C(128, height, bus, **kind), bus, bus.chip


def drawn(display):
    """What is to be seen of what is drawn."""
    picture = bytearray(display.width * display.height // 8)
    framebuf.FrameBuffer(picture, display.width, display.height, framebuf.MONO_HLSB).blit(display, 0, 0)
    return bytes(picture)


def turned(picture):
    """By 180 degrees."""
    return bytes(int("".join(reversed(f"{byte:08b}")), 2) for byte in reversed(picture))


def scribble(display):
    for _ in range(random.randrange(4)):
        place = random.randrange(-20, 128), random.randrange(-20, 64)
        kind = random.randrange(4)
        if kind == 0:
            display.text(chr(random.randrange(32, 127)), *place, random.randrange(2))
        elif kind == 1:
            display.fill_rect(*place, random.randrange(60), random.randrange(30), random.randrange(2))
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
            (lambda: (display.pixel(3, 12, 0), display.pixel(60, 12, 1)), 15 + 56),  # from the one to the other
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
                differing = [at for at in pages if before[at : at + 128] != display.buffer[at : at + 128]]
                assert bus.sent <= len(differing) * PAGE_BYTES


def test_unplugged_unnoticed_and_plugged_in_again():
    display, bus, chip = fitted()
    display.text("online", 0, 0)
    display.contrast(9)
    display.show()
    chip.unplug()
    chip.plug()
    seen = []
    chip.watchers.append(lambda: seen.append(chip.picture()))
    display.show()
    assert bus.sent and not chip.on  # nothing differs, as far as anyone can know
    display.refresh()
    assert chip.on and chip.contrast == 9
    assert seen == [drawn(display)]  # no noise before
    display.refresh()
    assert seen == [drawn(display)]  # and no blinking of one that was there


def test_a_missing_display_costs_an_address_byte_and_comes_back():
    display, bus, chip = fitted()
    chip.unplug()
    for method in (display.show, display.refresh, display.poweron, display.poweroff, display.init_display):
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
        assert chip.picture() == (bytes(byte ^ 0xFF for byte in picture) if method == "invert" else picture)


def test_cut_off_at_any_byte():
    random.seed(64)
    display, bus, chip = fitted()
    display.show()

    def show_something_else():
        display.contrast(random.randrange(256))
        display.fill(0)
        display.text("%06d" % random.randrange(10**6), 3 + random.randrange(40), random.randrange(50))
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
            assert chip.contrast == display._setup[4], cut
            cut += 1 if cut < 80 else 53
        bus.cut_after = None
        assert cut > at_least, cut


def test_after_a_driver_that_was_cut_off():
    """A reset of the board in the middle of another driver's transaction, and the chip was not reset."""
    for rest in (b"\x00\x20", b"\x00\x20\x00\x21", b"\x00\x20\x01\x21\x00", b"\x00\x81", b"\x00\x8d", b"\x00\xa8", b"\x00\xda"):
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
    assert chip.on and not chip._pump and chip.picture() == drawn(display)
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
        assert chip.on and chip.contrast == 200 and chip.picture() == drawn(display) != bytes(16 * height)
