"""Import this first in a test for the unix port that wants `machine`, `neopixel` … of the virtual board. See also virtual_time.py.

The modules come before the built-in ones from then on, and asyncio, which the runner has imported already, gets the virtual `select`.
`virtual.wiring.use("s3")` wires the board (a devkit without), `virtual.events.listen(list.append)` shows what it shows, and
`virtual.orders.obey("press", pin=0, ms=100)` touches it.
"""

import asyncio
import asyncio.core
import sys

_ROOT = __file__.rpartition("/tests/")[0]
MODULES = _ROOT + "/tools/virtual_board/modules"

sys.path.insert(0, MODULES)
for _name in ("machine", "select", "time"):
    sys.modules.pop(_name, None)

import select

asyncio.core.select = select
asyncio.new_event_loop()
