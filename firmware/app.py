"""Wires configuration, board, agent and outputs together, and runs until the power goes."""

import asyncio
import os
import sys

from micropython import const

from pilotlight.net.errors import Untrusted
from pilotlight.status import DeviceStatus

from .console import Console
from .event_log import EventLog
from .indication import Indication
from .storage import FileStorage
from .uptime import Uptime

_CONFIG_ERROR_EXIT = const(2)
_LOOK_MS = const(30_000)
_STUCK_MS = const(120_000)


def run(times=None, guard=None) -> None:
    """Run the firmware. times: a pilotlight.times.Times, for tests. guard: a Supervisor on a board, None on a computer.

    If the configuration can't be used, that is shown, and one sentence goes to stderr. A computer ends with exit code 2, a board
    goes on showing it. What nobody foresaw is raised, and so is KeyboardInterrupt.
    """
    uptime = Uptime()
    values, settings = _configure(uptime, guard)
    try:
        board = _board(values["board"])
        storage = (
            board.storage(values) if hasattr(board, "storage") else FileStorage(values["state_dir"])
        )
        network = board.network(values, log_line)
        clock = board.clock(values, storage, log_line)
        log = EventLog(storage, uptime, clock.now_s, log_line)
        agent = _agent(settings, network, storage, clock, times, log, guard)
    except ImportError as error:
        _fail(
            "%s: board: %s can't be used here: %s" % (_config_path(), values["board"], error),
            uptime,
            guard,
        )
    except Untrusted as error:
        _fail("%s: frameio.ca: %s" % (_config_path(), error), uptime, guard)
    settings = None
    if guard is not None:
        guard.remember_board(values["board"])
    console = values["board"] == "host" if values["console"] is None else values["console"]
    due = None if guard is None else guard.watchdog.due
    outputs = _Outputs(
        Console() if console else None, _panel(board, values, storage), log, uptime, due
    )
    try:
        asyncio.run(_run(agent, network, clock, outputs, guard))
    finally:
        outputs.end()


async def _run(agent, network, clock, outputs, guard) -> None:
    """Run all that has something to do. What nobody foresaw, in any of it, ends it."""
    jobs = [agent.run(), outputs.run(agent)]
    if hasattr(network, "run"):
        network.on_change = agent.network_changed
        jobs.append(network.run())
    if hasattr(clock, "run"):
        jobs.append(clock.run(agent.status))
    if guard is not None:
        jobs.append(guard.watchdog.run())
    await asyncio.gather(*jobs)


def _configure(uptime: Uptime, guard=None):
    """The configuration's values and the agent's settings; the code that makes them is forgotten again, for it is large."""
    from . import config

    path = _config_path()
    try:
        values = config.load(path)
        return values, config.settings(values, path)
    except config.ConfigError as error:
        _fail(str(error), uptime, guard)
    finally:
        _forget("firmware", "config")
        _forget("pilotlight", "settings")
        _forget("pilotlight", "trust_roots")


def _agent(settings, network, storage, clock, times, log=None, guard=None):
    from pilotlight.agent import (
        Agent,
    )  # only now: the code that read the configuration has made room

    if guard is None:
        return Agent(settings, network, storage, clock, times, log_line)

    def reset() -> None:
        log.save()
        guard.reset()

    return Agent(settings, network, storage, clock, times, log_line, reset, guard.watchdog.due)


def _panel(board, values: dict, storage):
    """What the board has of light, screen and button, or None."""
    light = board.light() if values["light"] and hasattr(board, "light") else None
    screen = None
    if values["screen"] != "none" and hasattr(board, "screen"):
        from .screen.screen import Screen

        screen = Screen(board.screen(int(values["screen"].split("x")[1])))
    button = board.button() if hasattr(board, "button") else None
    if light is None and screen is None and button is None:
        return None
    from .panel.front_panel import FrontPanel

    return FrontPanel(light, screen, button, storage, values["brightness"], log_line)


def _forget(name: str, module: str) -> None:
    """Let the memory of an imported module go."""
    if sys.modules.pop(name + "." + module, None) is not None:
        delattr(sys.modules[name], module)


def log_line(text: str) -> None:
    """A line for the maintainer, on stderr: stdout is the console's."""
    print("pilotlight:", text, file=sys.stderr)


class _Outputs:
    """Where each indication goes. console, panel: None where there is none. due: as for Agent."""

    def __init__(self, console: Console | None, panel, log: EventLog, uptime: Uptime, due) -> None:
        self._console = console
        self._panel = panel
        self._log = log
        self._uptime = uptime
        self._due = due

    async def run(self, agent) -> None:
        """Show the agent's status, for ever."""
        jobs = [self._follow(agent.status), self._log.run()]
        if self._panel is not None:
            jobs.append(self._panel.run(agent, self._log, self._due))
        await asyncio.gather(*jobs)

    def end(self) -> None:
        """Show nothing any more, and keep the log."""
        # First what takes no time: mpremote sends Ctrl-C twice, and the second one may end the writing.
        if self._panel is not None:
            self._panel.go_dark()
        self._log.save()

    async def _follow(self, status: DeviceStatus) -> None:
        version = 0
        while True:
            if self._due is not None:
                self._due("outputs", _STUCK_MS)
            try:
                version = await asyncio.wait_for_ms(status.wait(version), _LOOK_MS)
            except asyncio.TimeoutError:
                continue
            self._show(Indication(status))

    def _show(self, indication: Indication) -> None:
        self._log.add(indication.state, indication.reason)
        if self._panel is not None:
            self._panel.show(indication)
        if self._console is not None:
            try:
                self._console.show(indication, self._uptime.ms())
            except OSError:
                self._console = None
                log_line("nobody reads the console any more")


def _fail(sentence: str, uptime: Uptime, guard) -> None:
    from .screen import fault_screen

    log_line(sentence)
    if guard is not None:
        asyncio.run(
            fault_screen.show("config", sentence, uptime.ms())
        )  # for ever: an exit is a soft reset there, and the same again
    fault_screen.tell("config", uptime.ms())
    sys.exit(_CONFIG_ERROR_EXIT)


def _config_path() -> str:
    path = os.getenv("PILOTLIGHT_CONFIG") if hasattr(os, "getenv") else None
    return path or "config.json"


def _board(name: str):
    # __import__ gives the package; the module is an attribute of it.
    return getattr(__import__("firmware.boards." + name).boards, name)
