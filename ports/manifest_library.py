"""Frozen into a MicroPython image: the library alone, for a product with a program of its own.

In your board's manifest.py: include("path/to/pilotlight/ports/manifest_library.py"). With
`network=True` besides, this repository's Wi-Fi, Ethernet, clock and storage are frozen, too.

Nothing is compiled away: without `opt`, line numbers and asserts stay.
"""

options.defaults(network=False)

package("pilotlight", base_path="../lib")
if options.network:
    include("manifest_build_time.py")
    package(
        "firmware",
        files=[
            "network/clock.py",
            "network/ethernet.py",
            "network/known_networks.py",
            "network/wifi.py",
            "storage.py",
            "timestamps.py",
        ],
        base_path="..",
    )
