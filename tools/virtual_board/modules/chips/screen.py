"""A display on the bus that tells what its viewer sees."""

import binascii

from virtual import events, interrupts

from .ssd1306 import SSD1306

# A picture takes several transactions; it is reported once, after them.
_SETTLES_US = 5000


def wired(address, width=128, height=64):
    """An SSD1306 that emits `screen` events."""
    chip = SSD1306(width, height)
    shown = []

    def tell(_):
        fields = chip.on, chip.contrast, chip.picture()
        if events.is_heard and (not shown or shown[0] != fields):
            shown[:] = [fields]
            bitmap = binascii.b2a_base64(fields[2], newline=False).decode()
            events.emit(
                "screen",
                address=address,
                on=chip.on,
                contrast=chip.contrast,
                width=width,
                height=height,
                bitmap=bitmap,
            )

    settling = interrupts.Alarm(tell)

    def changed():
        if settling.due_us == interrupts.NEVER_US:
            settling.start(_SETTLES_US)

    chip.watchers.append(changed)
    return chip
