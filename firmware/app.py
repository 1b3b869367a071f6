"""Wires configuration, board, agent and outputs together, and runs until the power goes."""

import asyncio
import os
import sys

from micropython import const

from pilotlight.net.deadline import ends_within
from pilotlight.net.errors import Untrusted
from pilotlight.status import DeviceStatus

from .console import Console
from .event_log import EventLog
from .indication import Indication
from .storage import FileStorage
from .text_output import log
from .timestamps import Uptime, beat_ms

_CONFIG_ERROR_EXIT = const(2)
_CHECK_IN_MS = const(24_000)  # and on to the next beat
_STUCK_MS = const(120_000)


def run(times=None, supervisor=None) -> None:
    """Run the firmware.

    times: a pilotlight.times.Times, for tests. supervisor: a guard.supervisor.Supervisor on a
    board, None on a computer.

    An unusable configuration is shown, and one sentence goes to stderr. A computer then ends with
    exit code 2; a board goes on showing it. Every other exception is raised, KeyboardInterrupt too.
    """
    if supervisor is None:
        from .posix import hold_closed_streams

        hold_closed_streams()
    uptime = Uptime()
    values, settings = configure(uptime, supervisor)
    try:
        board = _board(values["board"])
        storage = (
            board.storage(values) if hasattr(board, "storage") else FileStorage(values["state_dir"])
        )
        network = board.network(values, log)
        clock = board.clock(values, storage, log)
        event_log = EventLog(storage, uptime, clock.now_s, log)
        agent = make_agent(
            settings,
            network,
            storage,
            clock,
            times,
            event_log,
            supervisor,
            values["reset_when_stuck"],
        )
    except ImportError as error:
        _fail(
            "%s: board: %s can't be used here: %s" % (_config_path(), values["board"], error),
            uptime,
            supervisor,
        )
    except Untrusted as error:
        _fail("%s: frameio.ca: %s" % (_config_path(), error), uptime, supervisor)
    settings = None
    if supervisor is not None:
        supervisor.remember_board(values["board"])
    console = values["board"] == "host" if values["console"] is None else values["console"]
    check_in = None if supervisor is None else supervisor.watchdog.check_in
    front_panel = _front_panel(board, values, storage)
    outputs = Outputs(Console() if console else None, front_panel, event_log, uptime, check_in)
    try:
        asyncio.run(run_all(agent, network, clock, outputs, supervisor))
    finally:
        outputs.end()


async def run_all(agent, network, clock, outputs, supervisor) -> None:
    """Run every part that has a task. An exception in any of them ends them all."""
    # The outputs first: whatever blocks the event loop then, light and console are on.
    jobs = [outputs.run(agent), agent.run()]
    if hasattr(network, "run"):

        def changed() -> None:
            if hasattr(clock, "network_changed"):
                clock.network_changed()
            agent.network_changed()

        network.on_change = changed
        jobs.append(network.run())
    if hasattr(clock, "run"):
        jobs.append(clock.run(agent.status))
    if supervisor is not None:
        jobs.append(supervisor.watchdog.run())
    await asyncio.gather(*jobs)


def configure(uptime: Uptime, supervisor=None):
    """(configuration values, the Agent's Settings). An unusable configuration ends as `run` says.

    The modules that read them are large, so they are unloaded again.
    """
    from . import config

    path = _config_path()
    try:
        values = config.load(path)
        return values, config.settings(values, path)
    except config.ConfigError as error:
        _fail(str(error), uptime, supervisor)
    finally:
        _unload("firmware", "config")
        _unload("firmware", "strict_json")
        _unload("pilotlight", "settings")
        _unload("pilotlight", "trust_roots")


def make_agent(
    settings, network, storage, clock, times, event_log=None, supervisor=None, may_reset=True
):
    """The Agent. With a supervisor its tasks check in, and it may reset the board if may_reset."""
    from pilotlight.agent import Agent  # only now: the unloaded configuration modules made room

    if supervisor is None:
        return Agent(settings, network, storage, clock, times, log)

    def reset() -> None:
        event_log.save()
        supervisor.reset()

    check_in = supervisor.watchdog.check_in
    return Agent(
        settings, network, storage, clock, times, log, reset if may_reset else None, check_in
    )


def _front_panel(board, values: dict, storage):
    """The board's light, screen and button as a FrontPanel, or None if it has none of them."""
    light = board.light() if values["light"] and hasattr(board, "light") else None
    screen = None
    if values["screen"] != "none" and hasattr(board, "screen"):
        from .screen.screen import Screen

        screen = Screen(board.screen(int(values["screen"].split("x")[1])))
    button = board.button() if hasattr(board, "button") else None
    if light is None and screen is None and button is None:
        return None
    from .panel.front_panel import FrontPanel

    return FrontPanel(light, screen, button, storage, values["brightness"], log)


def _unload(package: str, module: str) -> None:
    """Free the memory of an imported module."""
    if sys.modules.pop(package + "." + module, None) is not None:
        delattr(sys.modules[package], module)


class Outputs:
    """Shows the agent's status on all outputs.

    console, front_panel: None where there is none. check_in(name, within_ms): the watchdog's, or
    None.
    """

    def __init__(
        self, console: Console | None, front_panel, event_log: EventLog, uptime: Uptime, check_in
    ) -> None:
        self._console = console
        self._front_panel = front_panel
        self._event_log = event_log
        self._uptime = uptime
        self._check_in = check_in

    async def run(self, agent) -> None:
        """Show the agent's status, for ever."""
        jobs = [self._follow(agent.status), self._event_log.run()]
        if self._front_panel is not None:
            jobs.append(self._front_panel.run(agent, self._event_log, self._check_in))
        await asyncio.gather(*jobs)

    def end(self) -> None:
        """Switch the outputs off, and store the event log."""
        # The fast part first: mpremote sends Ctrl-C twice, and the second one may end the writing.
        if self._front_panel is not None:
            self._front_panel.go_dark()
        self._event_log.save()

    async def _follow(self, status: DeviceStatus) -> None:
        version = 0
        while True:
            if self._check_in is not None:
                self._check_in("outputs", _STUCK_MS)
            if await ends_within(status.wait(version), _CHECK_IN_MS + beat_ms()):
                version = status.version
                self._show(Indication(status))
            elif self._console is not None and self._console.is_behind:
                self._show_on_console(self._console, Indication(status))

    def _show(self, indication: Indication) -> None:
        self._event_log.add(indication.state, indication.reason)
        if self._front_panel is not None:
            self._front_panel.show(indication)
        if self._console is not None:
            self._show_on_console(self._console, indication)

    def _show_on_console(self, console: Console, indication: Indication) -> None:
        was_behind = console.is_behind
        console.show(indication, self._uptime.ms())
        if console.is_behind and not was_behind:
            log("nobody reads the console: lines are lost")


def _fail(sentence: str, uptime: Uptime, supervisor) -> None:
    from .screen import fault_screen

    log(sentence)
    if supervisor is not None:
        # For ever, because an exit would be a soft reset, and then the same error again.
        asyncio.run(fault_screen.show("config", sentence, uptime.ms()))
    fault_screen.print_fault("config", uptime.ms())
    sys.exit(_CONFIG_ERROR_EXIT)


def _config_path() -> str:
    path = os.getenv("PILOTLIGHT_CONFIG") if hasattr(os, "getenv") else None
    return path or "config.json"


def _board(name: str):
    # __import__ returns the outermost package.
    return getattr(__import__("firmware.boards." + name).boards, name)
