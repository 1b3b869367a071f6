"""Puts lib/ and firmware/ on the path; from the ROMFS image code.romfs, if it is beside this file.

The image then lies on the heap, which on a board it would not. `image_bytes` is its size, to be
subtracted.
"""

import os
import sys

image_bytes = 0
sys.path[:0] = [".", "lib"]
try:
    image_bytes = os.stat("code.romfs")[6]
except OSError:
    pass
if image_bytes:
    import vfs

    image = bytearray(image_bytes)  # at once: reading it piece by piece would need it twice
    with open("code.romfs", "rb") as file:
        file.readinto(image)
    vfs.mount(vfs.VfsRom(image), "/rom")
    sys.path[:0] = ["/rom", "/rom/lib"]
