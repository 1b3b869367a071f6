"""A virtual board for mpremote, until Ctrl-C.

python -m tools.virtual_board FOLDER
    with this firmware (give it a config.json: mpremote … fs cp config.json :)
python -m tools.virtual_board --blank FOLDER
    with MicroPython and nothing else

FOLDER keeps what the board keeps: its flash, a real littlefs.
"""

from __future__ import annotations

import argparse
import contextlib
import threading
from pathlib import Path

from .session import ROOT, VirtualBoard


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--blank", action="store_true", help="without the firmware")
    parser.add_argument(
        "--wiring", default="devkit", help="what is on its pins: devkit, s3 or bare"
    )
    arguments = parser.parse_args()
    code = None if arguments.blank else ROOT
    board = VirtualBoard(arguments.folder, code, arguments.wiring, littlefs=True, serial=True)
    assert board.serial
    with contextlib.suppress(KeyboardInterrupt), board:
        board.power_on()
        print(f"mpremote connect {board.serial.path}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
