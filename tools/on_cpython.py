"""Pure device modules on CPython: what they need of MicroPython is installed by importing this.

That is ticks, which wrap at 2**30 as on a board, `const`, and the two functions of `uctypes` that
give an array's memory as bytes. On the device, names that only annotations use are not imported, so
annotations stay texts here.
"""

import __future__

import functools
import importlib
import sys
import time
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, TypeVar

import micropython

_T = TypeVar("_T")
ROOT = Path(__file__).parent.parent

_PERIOD = 1 << 30


def ticks_add(ticks: int, delta: int) -> int:
    """As time.ticks_add."""
    return (ticks + delta) % _PERIOD


def ticks_diff(ticks1: int, ticks2: int) -> int:
    """As time.ticks_diff: from -2**29 to 2**29 - 1."""
    return (ticks1 - ticks2 + _PERIOD // 2) % _PERIOD - _PERIOD // 2


def ticks_ms() -> int:
    """As time.ticks_ms."""
    return int(time.monotonic() * 1000) % _PERIOD


def const(value: _T) -> _T:
    """As micropython.const; there, the compiler puts the value in the name's place."""
    return value


micropython.const = const  # this `micropython` is the package that runs the unix port
_uctypes: Any = ModuleType("uctypes")
_uctypes.addressof = lambda words: words  # the array itself stands for its address
_uctypes.bytearray_at = lambda words, size: memoryview(words).cast("B")[:size]
sys.modules["uctypes"] = _uctypes
for _function in (ticks_add, ticks_diff, ticks_ms):
    setattr(time, _function.__name__, _function)


class _Loader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        return _compiled(self.path)


@functools.cache  # parts of the device unload modules, and load them again
def _compiled(path: str) -> CodeType:
    flags = __future__.annotations.compiler_flag
    code: CodeType = compile(Path(path).read_bytes(), path, "exec", flags, dont_inherit=True)
    return code


class _Finder(MetaPathFinder):
    """Finds the modules of pilotlight and of the firmware."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        folder = ROOT if fullname.startswith("firmware.") else ROOT / "lib"
        file = (folder / fullname.replace(".", "/")).with_suffix(".py")
        if not fullname.startswith(("pilotlight.", "firmware.")) or not file.is_file():
            return None
        return spec_from_file_location(fullname, file, loader=_Loader(fullname, str(file)))


sys.meta_path.insert(0, _Finder())


def device_module(name: str) -> ModuleType:
    """Import a pure module of lib/ or firmware/ by its name on the device."""
    for folder in (str(ROOT), str(ROOT / "lib")):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    return importlib.import_module(name)
