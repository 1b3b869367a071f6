"""Frozen into the image of this board: the whole firmware. A product's own modules may be added."""

include("manifest_port.py")
include("../../manifest.py")
