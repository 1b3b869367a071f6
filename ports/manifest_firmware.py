"""Frozen into a MicroPython image: firmware/, without the main.py that starts it.

For a product with a program of its own that uses some of it, such as Wi-Fi, clock and storage. What
it does not import takes room in flash, none on the heap.

The build time is now, or SOURCE_DATE_EPOCH of the environment, as in tools/bytecode.py. Setup mode
needs the core file of microdot, which `make setup` installs into .venv; without it, stop here.
"""

import glob
import os
import time

build_s = int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())
os.makedirs("../build/dated/firmware", exist_ok=True)
with open("../firmware/build.py") as source:
    dated = source.read().replace("const(0)", "const(%d)" % build_s)
with open("../build/dated/firmware/build.py", "w") as target:
    target.write(dated)
package("firmware", files=["build.py"], base_path="../build/dated")
package(
    "firmware",
    files=[
        os.path.relpath(os.path.join(folder, name), "../firmware")
        for folder, _, names in os.walk("../firmware")
        for name in sorted(names)
        if name.endswith(".py") and name != "build.py"
    ],
    base_path="..",
)
found = glob.glob("../.venv/lib/python3*/site-packages/microdot")
if not found:
    raise OSError("microdot is missing: make setup installs it")
module("microdot.py", base_path=found[0])
