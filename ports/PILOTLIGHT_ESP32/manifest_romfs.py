"""Frozen into the image of this board if the firmware is to lie in its partition "romfs".

Only what starts it is frozen. `make romfs` makes the partition's content.
"""

include("manifest_port.py")
module("boot.py", base_path="../..")
module("main.py", base_path="../..")
