"""What a board does when its power comes: boot.py, then main.py, and then it waits at the REPL.
For session.py.

VIRTUAL_BOARD_CODE is the folder of boot.py and main.py, VIRTUAL_BOARD_PACKAGES one of modules that
they use and that are not there. The working directory is the board's flash;
or, if VIRTUAL_BOARD_FLASH names an image file, that is mounted at /, and of the computer's files
only those of the engine and the code are left, read-only: deleting everything on the board
must not delete anything else.
With VIRTUAL_BOARD_SERIAL, the REPL is on the serial line; "raw" says that it is in its raw mode,
as it is when mpremote resets it.
"""

import gc
import os
import sys

_MODULES = __file__.rpartition("/")[0] + "/modules"
_CODE = os.getenv("VIRTUAL_BOARD_CODE")
_FLASH = os.getenv("VIRTUAL_BOARD_FLASH")
_PACKAGES = os.getenv("VIRTUAL_BOARD_PACKAGES")
_CTRL_C = 3
_SERIAL = os.getenv("VIRTUAL_BOARD_SERIAL")
if _FLASH:
    import vfs

    vfs.umount("/")
    vfs.mount(vfs.VfsPosix(_MODULES), "/.virtual_board", readonly=True)
    _MODULES = "/.virtual_board"
    if _CODE:
        vfs.mount(vfs.VfsPosix(_CODE), "/.code", readonly=True)
        _CODE = "/.code"
    if _PACKAGES:
        vfs.mount(vfs.VfsPosix(_PACKAGES), "/.packages", readonly=True)
        _PACKAGES = "/.packages"
sys.path[:] = [_MODULES, _CODE, "", ".frozen", _CODE + "/lib", "lib"]
if _PACKAGES:
    sys.path.append(_PACKAGES)


class _MicroPython:
    """The `micropython` module, with what the unix port has not."""

    def __init__(self, micropython):
        for name in dir(micropython):
            if not name.startswith("__"):
                setattr(self, name, getattr(micropython, name))
        self.kbd_intr = _set_interrupt_character  # that of the unix port would end the process

    def alloc_emergency_exception_buf(self, size):
        """Nothing to do."""


def _set_interrupt_character(character):
    interrupts.ctrl_c_is_heard = character == _CTRL_C


def _tell_memory(without_garbage=False):
    if without_garbage:
        gc.collect()
    events.emit("memory", used=gc.mem_alloc(), free=gc.mem_free())


def _complete_micropython():
    import micropython

    sys.modules["micropython"] = _MicroPython(micropython)


def _run(name, space):
    """Run a file as a board does; whether the next one is to run.

    Ends the process for a soft reset.
    """
    path = _CODE + "/" + name
    try:
        with open(path) as file:
            source = file.read()
    except OSError:
        return True
    space["__file__"] = path
    interrupts.ctrl_c_is_heard = True  # again for each file
    try:
        exec(compile(source, path, "exec"), space)
        return True
    except SystemExit:  # what ends a program elsewhere is a soft reset on a board
        sys.exit(power.SOFT_RESET_EXIT)
    except BaseException as error:
        sys.print_exception(error, sys.stderr)
        return False


_complete_micropython()

from virtual import connection, events, interrupts, orders, power

power.is_board = True
orders.register("ctrl_c", interrupts.press_ctrl_c)
orders.register("memory", _tell_memory)
connection.connect()
events.emit("power_on", cause=power.cause())

import machine as machine  # wires the board
import ntptime as ntptime  # knows its order before the firmware asks it
import select

if _FLASH:
    from virtual import flash
_space = {"__name__": "__main__"}
# As on a board, main.py does not run if boot.py failed, nor in the raw mode.
if (not _FLASH or flash.mount(_FLASH)) and _run("boot.py", _space) and _SERIAL != "raw":
    _run("main.py", _space)
interrupts.ctrl_c_is_heard = True
events.emit("repl")
if _SERIAL:
    globals().update(_space)
    os.putenv("MICROPYINSPECT", "1")  # the unix port's word for a REPL when this file ends
while not _SERIAL:
    try:
        select.poll().poll()
    except KeyboardInterrupt:
        pass
