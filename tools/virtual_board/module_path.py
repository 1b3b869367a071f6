"""Gives a program on the unix port the virtual board's modules: `machine`, `neopixel` …

Call `install()` before anything imports them. `virtual.wiring.use("s3")` wires the board (default:
a devkit), `virtual.events.listen(list.append)` collects what it shows, and
`virtual.orders.obey("press", pin=0, ms=100)` presses its button. In virtual time, call
virtual_time.install(board=True) instead.
"""

import asyncio
import asyncio.core
import sys

_MODULES = __file__.rpartition("/")[0] + "/modules"


def install():
    """Put the board's modules before the built-in ones, and the virtual `select` into asyncio.

    Asyncio may have been imported before.
    """
    sys.path.insert(0, _MODULES)
    for name in ("machine", "select", "time"):
        sys.modules.pop(name, None)
    import select

    asyncio.core.select = select
    asyncio.new_event_loop()
