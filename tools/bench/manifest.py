"""The firmware and the models of its chips, frozen into a unix port: docs/memory.md."""

include("$(PORT_DIR)/variants/standard/manifest.py")
include("../../manifest.py")
for name in ("machine", "neopixel", "network", "ntptime"):
    module(name + ".py", base_path="chips")
