"""Power-on, before main.py. Nothing here may block, or fail: then main.py would not run."""

# Ctrl-C is heard when this file begins, and anew when main.py does, which says whether it may lead to the prompt.
try:
    import micropython

    micropython.kbd_intr(-1)
    # So that an error in an interrupt handler can be reported: there, no memory can be had.
    micropython.alloc_emergency_exception_buf(100)
except KeyboardInterrupt:
    import micropython

    micropython.kbd_intr(-1)
