"""The firmware as a ROMFS image, whose bytecode a chip runs from flash. `make romfs`.

python -m tools.romfs [--board NAME] [--partition-bytes BYTES] FILE

The partition for it has 131,072 bytes (MicroPython's partitions-4MiB-romfs.csv, and
ports/PILOTLIGHT_ESP32), or BYTES; a larger image is an error. What only a computer needs is left
out; with a board's name also what only other boards need.
"""

import argparse
import ast
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mpremote.romfs import VfsRomWriter

from tools.bytecode import ROOT, build
from tools.command_line import CommandLine, Refused, exit_code, say
from tools.run.readable import printable

PARTITION_BYTES = 131_072
_SECTOR_BYTES = 4096
_COMPUTERS = {"firmware.boards.host", "firmware.posix"}
_BOARDS = "firmware.boards."
_WIFI = "firmware.network.wifi"
# What only Wi-Fi needs, though parts for every board import it, behind a question.
_FOR_WIFI = {"firmware.setup.setup_mode", "firmware.network.stored_networks"}


def boards() -> list[str]:
    """The names of the boards that are no computer."""
    names = {path.stem for path in (ROOT / "firmware/boards").glob("*.py")}
    return sorted(names - {"host"})


def image(board: str | None = None, for_unix: bool = False) -> bytes:
    """The image of lib/ and firmware/ as .mpy. board: in config.json; None: any board.

    for_unix: with what the unix port needs besides.
    """
    unused = left_out(board)
    if for_unix:
        unused -= _COMPUTERS
    writer = VfsRomWriter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder, "/rom/lib/", "/rom/")
        for part in ("firmware", "lib"):
            _add(writer, folder / part, folder, unused)
    return bytes(writer.finalise())


def left_out(board: str | None) -> set[str]:
    """The modules of the firmware that no board needs, or that this one does not need.

    These are the board files, firmware/posix.py, and what nothing else imports.
    """
    sources = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path
        for path in (ROOT / "firmware").rglob("*.py")
    }
    unused = set(_COMPUTERS)
    if board is not None:
        unused |= {name for name in sources if name.startswith(_BOARDS)} - {_BOARDS + board}
    imported = {name: set(imports(name, path)) for name, path in sources.items()}
    if board is not None and _WIFI not in imported[_BOARDS + board]:
        unused |= _FOR_WIFI | {"lib.microdot"}
        imported = {name: found - _FOR_WIFI for name, found in imported.items()}
    imported["main"] = set(imports("main", ROOT / "main.py"))
    # What nothing imports is loaded by its name, such as a board.
    kept = set(imported) - unused - set().union(*imported.values())
    to_do = [*kept]
    while to_do:
        more = (imported[to_do.pop()] & sources.keys()) - kept - unused
        kept |= more
        to_do += more
    return (set(sources) | unused) - kept


def imports(importer: str, path: Path) -> Iterator[str]:
    """The modules that a module's file may import, by absolute names."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = importer.split(".")[: -node.level] if node.level else []
            base = ".".join([*package, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "__import__":
            yield from (ast.literal_eval(a) for a in node.args[:1] if isinstance(a, ast.Constant))


def _add(writer: VfsRomWriter, folder: Path, top: Path, unused: set[str]) -> None:
    """Add a folder with its .mpy files."""
    writer.opendir(folder.name)
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            _add(writer, path, top, unused)
        elif ".".join(path.relative_to(top).with_suffix("").parts) not in unused:
            writer.mkfile(path.name, path.read_bytes())
    writer.closedir()


def _partition_bytes(text: str) -> int:
    """An argument's type: decimal, or hexadecimal as tables of partitions have it."""
    try:
        size = int(text, 0)
    except ValueError:
        size = 0
    if size <= 0 or size % _SECTOR_BYTES:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no size of a partition; it is a multiple of {_SECTOR_BYTES}, such as "
            "196608"
        )
    return size


def _board(text: str) -> str:
    """An argument's type."""
    if text not in boards():
        raise argparse.ArgumentTypeError(
            f"there is no file firmware/boards/{printable(text)}.py for a board; take one of "
            f"{', '.join(boards())}"
        )
    return text


def _make(arguments: argparse.Namespace) -> None:
    data = image(arguments.board)
    partition_bytes = arguments.partition_bytes
    if len(data) > partition_bytes:
        smaller = "name the board, BOARD=…, which leaves others out; if that is not enough, "
        raise Refused(
            f"the image has {len(data):,} bytes, {len(data) - partition_bytes:,} too many for its "
            f"partition of {partition_bytes:,}: {'' if arguments.board else smaller}give your "
            "MicroPython a larger partition, and name its size, PARTITION_BYTES=… (docs/memory.md)"
        )
    arguments.file.parent.mkdir(parents=True, exist_ok=True)
    arguments.file.write_bytes(data)
    say(f"{arguments.file}: {len(data):,} of {partition_bytes:,} bytes")


def main() -> int:
    """Write the image; the exit code."""
    parser = CommandLine("tools.romfs", __doc__, "romfs")
    parser.add_argument("--board", metavar="NAME", type=_board, help="its file in firmware/boards")
    parser.add_argument(
        "--partition-bytes",
        metavar="BYTES",
        type=_partition_bytes,
        default=PARTITION_BYTES,
        help="size of the partition for the image",
    )
    parser.add_argument("file", type=Path, help="where the image goes")
    arguments = parser.parse_args()
    return exit_code("romfs", lambda: _make(arguments))


if __name__ == "__main__":
    sys.exit(main())
