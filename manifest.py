"""Frozen into a MicroPython image: the whole firmware, which then starts by itself at power-on.

`make` of a MicroPython port takes it as FROZEN_MANIFEST=path/to/manifest.py; another manifest.py
takes it as include("path/to/pilotlight/manifest.py"), as ports/PILOTLIGHT_ESP32 does.

A frozen boot.py and main.py run in place of files of these names. The file system keeps config.json
and what the firmware stores.
"""

include("ports/manifest_library.py")
include("ports/manifest_firmware.py")
module("boot.py")
module("main.py")
