"""Wires configuration, board, agent and outputs together, and runs until the power goes."""

import asyncio
import os
import sys
import time

from micropython import const

from pilotlight.net.errors import Untrusted
from pilotlight.status import DeviceStatus

from .console import Console
from .face import Face
from .storage import FileStorage

_CONFIG_ERROR_EXIT = const(2)
_INTERRUPTED_EXIT = const(130)


def run(times=None) -> None:
    """Run the firmware. times: a pilotlight.times.Times, for tests.

    On unix, exits with code 2 and one sentence on stderr if the configuration can't be used, and quietly on Ctrl-C.
    """
    started_ms = time.ticks_ms()
    values, settings = _configure(started_ms)
    try:
        agent = _agent(values, settings, times)
    except Untrusted as error:
        _fail("%s: frameio.ca: %s" % (_config_path(), error), started_ms)
    settings = None
    try:
        asyncio.run(_main(agent, values["console"], started_ms))
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED_EXIT)


def _configure(started_ms: int):
    """The configuration's values and the agent's settings; the code that makes them is forgotten again, for it is large."""
    from . import config

    path = _config_path()
    try:
        values = config.load(path)
        return values, config.settings(values, path)
    except config.ConfigError as error:
        _fail(error, started_ms)
    finally:
        _forget("firmware", "config")
        _forget("pilotlight", "settings")
        _forget("pilotlight", "trust_roots")


def _agent(values: dict, settings, times):
    from pilotlight.agent import Agent  # only now: the code that read the configuration has made room

    board = _board(values["board"])
    return Agent(settings, board.network(), FileStorage(values["state_dir"]), board.clock(), times, log_line)


def _forget(name: str, module: str) -> None:
    """Let the memory of an imported module go."""
    if sys.modules.pop(name + "." + module, None) is not None:
        delattr(sys.modules[name], module)


def log_line(text: str) -> None:
    """A line for the maintainer, on stderr: stdout is the console's."""
    print("pilotlight:", text, file=sys.stderr)


async def _main(agent, console: bool, started_ms: int) -> None:
    if console:
        asyncio.create_task(_show(agent.status, started_ms))
    await agent.run()


async def _show(status: DeviceStatus, started_ms: int) -> None:
    console = Console()
    version = 0
    try:
        while True:
            version = await status.wait(version)
            console.show(Face(status), _since(started_ms))
    except OSError:
        log_line("nobody reads the console any more")


def _fail(error, started_ms: int) -> None:
    status = DeviceStatus()
    status.update(fault="config")
    Console().show(Face(status), _since(started_ms))
    log_line(str(error))
    sys.exit(_CONFIG_ERROR_EXIT)


def _since(started_ms: int) -> int:
    return time.ticks_diff(time.ticks_ms(), started_ms)


def _config_path() -> str:
    path = os.getenv("PILOTLIGHT_CONFIG") if hasattr(os, "getenv") else None
    return path or "config.json"


def _board(name: str):
    # __import__ gives the package; the module is an attribute of it.
    return getattr(__import__("firmware.boards." + name).boards, name)
