"""The firmware. On a board, /lib is on sys.path already; under the unix port, lib/ beside this file is put there."""

# Whatever ends this file, from its first instruction on, must not lead to a prompt that is closed: see firmware/guard/repl.py.
try:
    import micropython

    micropython.kbd_intr(-1)  # until the configuration is known
    import gc
    import sys

    if sys.platform != "esp32":
        sys.path[:0] = [__file__[:-7] or ".", __file__[:-7] + "lib"]

    # Collected early and often, the heap stays whole: importing leaves holes, and the largest buffer wants 4 kB in one piece.
    gc.threshold(16384)

    from firmware import start

    start.run()
finally:
    import micropython

    micropython.kbd_intr(-1)  # whoever presses Ctrl-C once presses it again
    from firmware.guard import repl

    repl.leave()
