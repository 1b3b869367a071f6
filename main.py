"""The firmware. On a board, /lib is on sys.path already; under the unix port, lib/ beside this file is put there."""

import sys

if sys.platform not in ("esp32", "rp2"):
    folder = __file__.rpartition("/")[0] or "."
    sys.path[:0] = [folder, folder + "/lib"]

from firmware import app

app.run()
