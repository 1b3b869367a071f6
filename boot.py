"""Power-on, before main.py. Nothing here may block or fail, because then main.py would not run."""

# Ctrl-C is enabled when this file starts, and again when main.py starts. main.py decides whether it
# may lead to the REPL.
try:
    import micropython

    micropython.kbd_intr(-1)
    # For reports of an error in an interrupt handler, where nothing can be allocated.
    micropython.alloc_emergency_exception_buf(100)
except KeyboardInterrupt:
    import micropython

    micropython.kbd_intr(-1)
