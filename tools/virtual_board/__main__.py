"""A virtual board for mpremote, until Ctrl-C.

python -m tools.virtual_board FOLDER
    with this firmware (give it a config.json: mpremote … fs cp config.json :)
python -m tools.virtual_board --blank FOLDER
    with MicroPython and nothing else

FOLDER keeps what the board keeps: its flash, a real littlefs.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from pathlib import Path

from tools.command_line import CommandLine

from .session import ROOT, NoMicroPython, VirtualBoard, check_micropython

WIRINGS = ("devkit", "s3", "bare")  # KNOWN of modules/virtual/wiring.py
_KEPT_ROWS = 500
_FOR_EVER_S = 1e9
_INTERRUPTED, _OFF = b"i", b"o"


def main() -> int:
    """Run it; the exit code."""
    parser = CommandLine("tools.virtual_board", __doc__)
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
    # A KeyboardInterrupt could leave a lock of the board's threads locked.
    news, tell = os.pipe()
    signal.signal(signal.SIGINT, lambda *_: os.write(tell, _INTERRUPTED))
    with board:
        with contextlib.suppress(AssertionError):
            board.power_on()
            print(f"mpremote connect {board.serial.path}", flush=True)
            threading.Thread(target=_tell_when_off, args=(board, tell), daemon=True).start()
            if os.read(news, 1) == _INTERRUPTED:
                return 0
        said = board.output.strip().rpartition("\n")[2]
        print(f"the virtual board went off; its last words: {said}", file=sys.stderr)
        return 1


def _tell_when_off(board: VirtualBoard, tell: int) -> None:
    with contextlib.suppress(AssertionError):  # it has ended without a word
        board.wait("off", deadline_s=_FOR_EVER_S)
    os.write(tell, _OFF)


if __name__ == "__main__":
    sys.exit(main())
