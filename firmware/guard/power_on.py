"""What a board does before the application: look at the button, blink once, start the radio.

It runs before the imports, and is then unloaded.
"""

import time

from micropython import const

from . import rescued_config

_READ_MS = const(20)
_BLINK_MS = const(200)
_BLINK_RGB = const((255, 255, 255))


def is_button_held(held_ms: int) -> bool:
    """Whether the board's button is held for that long from now on."""
    board = rescued_config.board()
    pin = board.button() if hasattr(board, "button") else None
    begun_ms = time.ticks_ms()
    while pin is not None and not pin.value():
        if time.ticks_diff(time.ticks_ms(), begun_ms) >= held_ms:
            return True
        time.sleep_ms(_READ_MS)
    return False


def start() -> None:
    """Blink once, unless the light is to be dark. Start the radio, so that it gets its memory."""
    board = rescued_config.board()
    begins = rescued_config.begins
    light = None
    if hasattr(board, "light") and not begins("light", b"false") and not begins("brightness", b"0"):
        light = board.light()
        light.show("solid", _BLINK_RGB)
    stored = "%s/known_networks.json" % (rescued_config.text("state_dir") or "state")
    if rescued_config.text("ssid") or rescued_config.text("ssid", stored):
        import network

        network.WLAN(network.STA_IF).active(True)
    if light is not None:
        time.sleep_ms(_BLINK_MS)
        light.show("off", _BLINK_RGB)
