"""What both manifests of this board need of MicroPython.

Of what a stock image has, nothing here imports mip, requests, webrepl, dht, umqtt and the like, so
they are left out. So is the port's machine.py, which adds pulse counters and keeps a copy of all
names of `machine` on the heap.
"""

# They mount the file system, and format it at the first start.
freeze("$(PORT_DIR)/modules", ("_boot.py", "flashbdev.py", "inisetup.py"))
include("$(MPY_DIR)/extmod/asyncio")
require("neopixel")
require("ntptime")
