"""The models of SSD1306 and SH1106 driven by luma.oled, which drives real ones.

So the models do not just mirror our own driver.
"""

import random
from typing import Any

import pytest
from luma.core.interface.serial import i2c
from luma.oled.device import sh1106, ssd1306
from PIL import Image

from tools.virtual_board.modules.chips.sh1106 import SH1106
from tools.virtual_board.modules.chips.ssd1306 import SSD1306


class Bus:
    """What luma needs of a Linux I2C bus."""

    def __init__(self, chip: SSD1306) -> None:
        self.chip = chip

    def write_i2c_block_data(self, address: int, control: int, data: list[int]) -> None:
        """One transaction."""
        assert address == 0x3C
        self.chip.write(bytes([control, *data]))


@pytest.mark.parametrize(
    ("driver", "model", "height"),
    [(ssd1306, SSD1306, 64), (ssd1306, SSD1306, 32), (sh1106, SH1106, 64)],
)
@pytest.mark.parametrize("rotate", [0, 2])
def test_another_driver_shows_the_same_picture(
    driver: Any,
    model: type[SSD1306],
    height: int,
    rotate: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        Image.Image, "getdata", Image.Image.get_flattened_data
    )  # luma calls it by the name that Pillow warns of
    chip = model(128, height)
    device = driver(i2c(bus=Bus(chip)), width=128, height=height, rotate=rotate)
    assert (
        chip.on and chip.contrast == (0x7F if model is SH1106 else 0xCF) and not any(chip.picture())
    )
    random.seed(height)
    for _ in range(3):
        picture = random.randbytes(16 * height)
        image = Image.frombytes("1", (128, height), picture)
        device.display(image)
        assert chip.picture() == image.rotate(90 * rotate).tobytes()
    device.hide()
    assert not chip.on
    device.show()
    assert chip.on and any(chip.picture())
