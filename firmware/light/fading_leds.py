"""LEDs that show levels between on and off, for a status light: as status_light.Led."""


class PwmLed:
    """One LED of one colour that can be dimmed.

    pwm: a machine.PWM. active_low: it is lit while the pin is low.
    """

    fades = True

    def __init__(self, pwm, active_low: bool = False) -> None:
        self._pwm = pwm
        self._off_duty = 65535 if active_low else 0

    def show(self, red: int, green: int, blue: int) -> None:
        """As bright as the brightest of the three."""
        self._pwm.duty_u16(abs(self._off_duty - max(red, green, blue) * 257))


class RgbLed:
    """An LED of three colours.

    red_pwm, green_pwm, blue_pwm: a machine.PWM each. common_anode: each is lit while its pin is
    low.
    """

    fades = True

    def __init__(self, red_pwm, green_pwm, blue_pwm, common_anode: bool = False) -> None:
        self._red_pwm = red_pwm
        self._green_pwm = green_pwm
        self._blue_pwm = blue_pwm
        self._off_duty = 65535 if common_anode else 0

    def show(self, red: int, green: int, blue: int) -> None:
        """Set the three duty cycles."""
        self._red_pwm.duty_u16(abs(self._off_duty - red * 257))
        self._green_pwm.duty_u16(abs(self._off_duty - green * 257))
        self._blue_pwm.duty_u16(abs(self._off_duty - blue * 257))


class Pixel:
    """One LED of a NeoPixel strip, or all.

    pixels: a neopixel.NeoPixel. index: which one; None: all.
    """

    fades = True

    def __init__(self, pixels, index: int | None = None) -> None:
        self._pixels = pixels
        self._index = index
        # NeoPixel accepts anything that can be indexed in place of a tuple. White stays dark.
        self._colour = bytearray(pixels.bpp)

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
