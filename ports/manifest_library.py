"""Frozen into a MicroPython image: the library alone, for a product with a program of its own.

In your board's manifest.py: include("path/to/pilotlight/ports/manifest_library.py"). For this
repository's Wi-Fi, clock and storage, add the files of firmware/ that docs/memory.md names.

Nothing is compiled away: without `opt`, line numbers and asserts stay.
"""

package("pilotlight", base_path="../lib")
