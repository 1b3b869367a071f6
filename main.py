"""The firmware. A board has /lib on sys.path; the unix port gets lib/ beside this file."""

# However this file ends, from its first instruction on, it must not lead to a closed REPL: see
# firmware/guard/repl.py.
try:
    import micropython

    micropython.kbd_intr(-1)  # until the configuration is known
    import gc
    import sys

    if sys.platform != "esp32":
        sys.path[:0] = [__file__[:-7], __file__[:-7] + "lib"]

    # Imports leave holes in the heap. Early collection keeps 4 kB in one piece, which the largest
    # buffer needs. In the megabytes of a PSRAM that is no matter, and a collection takes longer.
    free_bytes = gc.mem_free()  # on an ESP32 with what the heap may grow by
    gc.threshold(32768 if free_bytes < 1_000_000 else free_bytes // 6)

    from firmware.guard import repl

    repl.configure()
    if repl.on_board():
        from firmware.guard import supervisor

        supervisor.run()
    else:
        from firmware import app

        try:
            app.run()
        except KeyboardInterrupt:
            sys.exit(130)  # as a shell reports an interrupted program
finally:
    import micropython

    micropython.kbd_intr(-1)  # a second Ctrl-C must not interrupt what follows
    from firmware.guard import repl

    repl.reset_if_closed()
