"""Power-on, before main.py. Nothing here may block: the REPL must always be reachable."""

import micropython

# So that an error in an interrupt handler can be reported: there, no memory can be had.
micropython.alloc_emergency_exception_buf(100)
