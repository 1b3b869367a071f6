"""main.py of a device whose live heap is measured once it is online.

lib/ and firmware/ may be in a ROMFS image beside this file. The image then lies on the heap, which
on a board it would not, so its size is subtracted.
"""

import asyncio
import gc
import os
import sys

_image = b""
sys.path[:0] = [".", "lib"]
if "code.romfs" in os.listdir():
    import vfs

    with open("code.romfs", "rb") as file:
        _image = file.read()
    vfs.mount(vfs.VfsRom(_image), "/rom")
    sys.path[:0] = ["/rom", "/rom/lib"]

import started


async def measure(agent):
    """Tell what lives on the heap, and what is loaded."""
    await started.until_online(agent)
    await asyncio.sleep_ms(1500)
    gc.collect()
    gc.collect()
    live = gc.mem_alloc() - len(_image)
    started.tell({"live": live, "modules": list(sys.modules)})


started.run(measure)
