"""For boards on which a red light means tally, that the camera records: an LED that shows no red.

A board's file wraps its LED in it: `StatusLight(WithoutRed(Pixel(…)), …)`. So no red is shown even
while the configuration can't be read.
"""


class WithoutRed:
    """An LED of three colours that shows blue in place of red; as status_light.Led.

    led: the LED. Red becomes blue, yellow and amber become cyan and azure, magenta becomes blue,
    and white cyan. The patterns tell the states apart as before.
    """

    def __init__(self, led) -> None:
        self._led = led
        self.fades = led.fades

    def show(self, red: int, green: int, blue: int) -> None:
        """Red is shown as blue."""
        self._led.show(0, green, max(red, blue))
