"""What a light can be made of.

Each lamp has `show(red, green, blue)`, 0..255 each, linear in light, and `fades`: whether it can show what is between on and off.
No lamp makes an object when it shows.
"""


class Led:
    """One LED of one colour at a pin, on or off. pin: a machine.Pin, an output. active_low: it shines while the pin is low."""

    fades = False

    def __init__(self, pin, active_low: bool = False) -> None:
        self._pin = pin
        self._on = 0 if active_low else 1

    def show(self, red: int, green: int, blue: int) -> None:
        """On for anything but black."""
        self._pin.value(self._on if red or green or blue else 1 - self._on)


class PwmLed:
    """One LED of one colour that can be dimmed. pwm: a machine.PWM. active_low: it shines while the pin is low."""

    fades = True

    def __init__(self, pwm, active_low: bool = False) -> None:
        self._pwm = pwm
        self._dark = 65535 if active_low else 0

    def show(self, red: int, green: int, blue: int) -> None:
        """As bright as the brightest part."""
        self._pwm.duty_u16(abs(self._dark - max(red, green, blue) * 257))


class RgbLed:
    """An LED of three colours. Each pwm: a machine.PWM. common_anode: each colour shines while its pin is low."""

    fades = True

    def __init__(self, red_pwm, green_pwm, blue_pwm, common_anode: bool = False) -> None:
        self._red_pwm = red_pwm
        self._green_pwm = green_pwm
        self._blue_pwm = blue_pwm
        self._dark = 65535 if common_anode else 0

    def show(self, red: int, green: int, blue: int) -> None:
        """The three duties."""
        self._red_pwm.duty_u16(abs(self._dark - red * 257))
        self._green_pwm.duty_u16(abs(self._dark - green * 257))
        self._blue_pwm.duty_u16(abs(self._dark - blue * 257))


class Pixel:
    """One addressable LED, or all of a strip. pixels: a neopixel.NeoPixel. index: which one; None: all."""

    fades = True

    def __init__(self, pixels, index: int | None = None) -> None:
        self._pixels = pixels
        self._index = index
        self._colour = bytearray(
            pixels.bpp
        )  # NeoPixel takes anything with an index for a tuple; white stays dark

    def show(self, red: int, green: int, blue: int) -> None:
        """Write the strip."""
        self._colour[0] = red
        self._colour[1] = green
        self._colour[2] = blue
        if self._index is None:
            self._pixels.fill(self._colour)
        else:
            self._pixels[self._index] = self._colour
        self._pixels.write()
