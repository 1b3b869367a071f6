"""Freezes firmware/build.py with the build time: now, or SOURCE_DATE_EPOCH of the environment."""

import os
import time

build_s = int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())
os.makedirs("../build/dated/firmware", exist_ok=True)
with open("../firmware/build.py") as source:
    dated = source.read().replace("const(0)", "const(%d)" % build_s)
with open("../build/dated/firmware/build.py", "w") as target:
    target.write(dated)
package("firmware", files=["build.py"], base_path="../build/dated")
