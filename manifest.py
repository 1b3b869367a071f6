"""Frozen into a MicroPython image: the whole firmware, which then starts by itself at power-on.

`make` of a MicroPython port takes it as FROZEN_MANIFEST=path/to/manifest.py; another manifest.py
takes it as include("path/to/pilotlight/manifest.py"), as ports/PILOTLIGHT_ESP32 does.

A frozen boot.py and main.py run in place of files of these names. The file system keeps config.json
and what the firmware stores.
"""

import os
import time

include("ports/manifest_library.py")
module("boot.py")
module("main.py")

# The build time is now, or SOURCE_DATE_EPOCH of the environment, as in tools/bytecode.py.
build_s = int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())
os.makedirs("build/dated/firmware", exist_ok=True)
with open("firmware/build.py") as source, open("build/dated/firmware/build.py", "w") as dated:
    dated.write(source.read().replace("const(0)", "const(%d)" % build_s))
package("firmware", files=["build.py"], base_path="build/dated")
package(
    "firmware",
    files=[
        os.path.relpath(os.path.join(folder, name), "firmware")
        for folder, _, names in os.walk("firmware")
        for name in sorted(names)
        if name.endswith(".py") and name != "build.py"
    ],
)
