"""When this firmware was built, for a clock with no better source.

`tools/bytecode.py` puts the time in; the source has none.
"""

from micropython import const

BUILD_S = const(0)  # seconds since 1970; 0: unknown
