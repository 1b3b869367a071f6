"""Frozen into a MicroPython image: the library alone, for a product with a program of its own.

In your board's manifest.py: include("path/to/pilotlight/ports/manifest_library.py"); for this
repository's Wi-Fi, clock and storage also manifest_firmware.py, beside this file.

Nothing is compiled away: without `opt`, line numbers and asserts stay.
"""

package("pilotlight", base_path="../lib")
include("manifest_names.py")
