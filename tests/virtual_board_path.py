"""For tests on the unix port that want `machine`, `neopixel` … of the virtual board: `install()` before anything imports them.

`virtual.wiring.use("s3")` wires the board (a devkit without), `virtual.events.listen(list.append)` shows what it shows, and
`virtual.orders.obey("press", pin=0, ms=100)` touches it. In virtual time, virtual_time.install(board=True) does all of this.
"""

import asyncio
import asyncio.core
import sys

_MODULES = __file__.rpartition("/tests/")[0] + "/tools/virtual_board/modules"


def install():
    """Put the board's modules before the built-in ones; asyncio, which the runner has imported already, gets the virtual `select`."""
    sys.path.insert(0, _MODULES)
    for name in ("machine", "select", "time"):
        sys.modules.pop(name, None)
    import select

    asyncio.core.select = select
    asyncio.new_event_loop()
