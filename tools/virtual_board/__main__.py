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
import sys
from pathlib import Path

from .session import ROOT, NoMicroPython, VirtualBoard, check_micropython

WIRINGS = ("devkit", "s3", "bare")  # KNOWN of modules/virtual/wiring.py
_KEPT_ROWS = 500
_FOR_EVER_S = 1e9


def main() -> int:
    """Run it; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.virtual_board",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--blank", action="store_true", help="without the firmware")
    parser.add_argument("--wiring", default="devkit", choices=WIRINGS, help="what is on its pins")
    arguments = parser.parse_args()
    code = None if arguments.blank else ROOT
    try:
        check_micropython()
        board = VirtualBoard(
            arguments.folder,
            code,
            arguments.wiring,
            littlefs=True,
            serial=True,
            most_rows=_KEPT_ROWS,
        )
    except (NoMicroPython, OSError) as error:
        print(f"the virtual board can't start: {error}", file=sys.stderr)
        return 1
    assert board.serial
    with contextlib.suppress(KeyboardInterrupt), board:
        with contextlib.suppress(AssertionError):
            board.power_on()
            print(f"mpremote connect {board.serial.path}", flush=True)
            board.wait("off", deadline_s=_FOR_EVER_S)
        said = board.output.strip().rpartition("\n")[2]
        print(f"the virtual board went off; its last words: {said}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
