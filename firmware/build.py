"""When this firmware was built, for a clock that knows nothing better. `tools/bytecode.py` puts the time in; source has none."""

from micropython import const

BUILD_S = const(0)  # seconds since 1970; 0: nobody knows
