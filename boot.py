"""Power-on, before main.py. Nothing here may block, or fail: then main.py would not run."""

try:
    import micropython

    micropython.kbd_intr(-1)  # main.py says whether Ctrl-C leads to the prompt
    # So that an error in an interrupt handler can be reported: there, no memory can be had.
    micropython.alloc_emergency_exception_buf(100)
except KeyboardInterrupt:
    pass
