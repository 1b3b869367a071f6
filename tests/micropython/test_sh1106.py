"""The driver's option for an SH1106 against the model of that chip."""

import random

from firmware.screen.ssd1306 import SSD1306_I2C
from tests.support.expect import raises
from tests.support.fitted_display import Bus, drawn, turned
from tools.virtual_board.modules.chips.sh1106 import SH1106
from tools.virtual_board.modules.chips.ssd1306 import WrongCommand


def fitted(height=64, **kind):
    bus = Bus(SH1106(128, height, **kind))
    return SSD1306_I2C(128, height, bus, sh1106=True, **kind), bus, bus.chip


def test_every_column_is_on_the_glass():
    for height, whole in ((64, 1113), (32, 573)):
        display, bus, chip = fitted(height)
        display.rect(0, 0, 128, height, 1)
        display.text("SH1106", 30, 5)
        display.show()
        assert chip.on and chip.picture() == drawn(display)
        assert bus.sent == whole  # as much as an SSD1306 needs
        bus.sent = 0
        display.pixel(127, 1, 0)
        display.show()
        assert chip.picture() == drawn(display) and bus.sent == 15


def test_any_drawing_rotated_or_not():
    random.seed(1106)
    display, _, chip = fitted()
    for upright in (1, 0, 1):
        display.rotate(upright)
        for _ in range(10):
            display.line(*(random.randrange(128) for _ in range(4)), random.randrange(2))
            display.show()
            picture = chip.picture()
            assert (picture if upright else turned(picture)) == drawn(display)


def test_contrast_inversion_and_power():
    display, _, chip = fitted()
    display.text("night", 0, 0)
    display.show()
    display.contrast(3)
    display.invert(1)
    assert chip.contrast == 3
    assert chip.picture() == bytes(byte ^ 0xFF for byte in drawn(display))
    display.poweroff()
    assert not chip.on
    display.poweron()
    assert chip.on


def test_unplugged_and_plugged_in_again():
    display, _, chip = fitted()
    display.text("online", 0, 0)
    display.show()
    chip.unplug()
    chip.plug()
    display.refresh()
    assert chip.on and chip.picture() == drawn(display)


def test_a_supply_of_its_own():
    display, _, chip = fitted(external_vcc=True)
    display.show()
    assert chip.on and not chip.charge_pump


def test_without_the_option_the_model_refuses():
    """As the picture would be two columns off, and the display dark."""
    with raises(WrongCommand):
        SSD1306_I2C(128, 64, Bus(SH1106())).show()
