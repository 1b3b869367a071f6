"""Reads the configuration and makes the parts of app.py. Unloaded once they are made."""

import asyncio
import os
import sys

from micropython import const

from pilotlight.net.errors import Untrusted

from .event_log import EventLog
from .storage import FileStorage
from .text_output import log
from .unload import unload

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from .timestamps import Uptime

_CONFIG_ERROR_EXIT = const(2)


def make(times, supervisor, uptime: Uptime) -> tuple:
    """(agent, network, clock, storage, console or None, front panel or None, event log).

    An unusable configuration ends as `app.run` says.
    """
    values, settings = configure(uptime, supervisor)
    try:
        board = _board(values["board"])
        storage = (
            board.storage(values) if hasattr(board, "storage") else FileStorage(values["state_dir"])
        )
        network = board.network(values, log)
        clock = board.clock(values, storage, log)
        event_log = EventLog(storage, uptime, clock.now_s, log)
        console = _console(values)
        fitted = _fitted(board, values, network)
        if supervisor is not None:
            supervisor.before_reset = event_log.save
            supervisor.remember_board(values["board"])
        is_setup = hasattr(network, "networks") and _know_networks(network, storage)
        if is_setup and supervisor is not None:
            from .setup import setup_mode

            setup = setup_mode.SetupMode(network, storage, fitted, values["setup_password"])
            event_log.add(setup.indication.state, setup.indication.reason)
            if console is not None:
                console.show(setup.indication, uptime.ms())
            try:
                asyncio.run(setup.run(supervisor.watchdog))
            finally:
                setup.close()
            supervisor.reset()
        agent = make_agent(
            settings, network, storage, clock, times, supervisor, values["reset_when_stuck"]
        )
    except ImportError as error:
        _fail(
            "%s: board: %s can't be used here: %s" % (_config_path(), values["board"], error),
            uptime,
            supervisor,
        )
    except Untrusted as error:
        _fail("%s: frameio.ca: %s" % (_config_path(), error), uptime, supervisor)
    if settings.scheme == "https" and hasattr(clock, "frameio"):
        clock.frameio = agent, settings.client_version
    if hasattr(settings.trust_roots, "forget"):
        settings.trust_roots.forget()
    settings = None
    front_panel = _front_panel(fitted, values, storage, network)
    if front_panel is not None and supervisor is not None and hasattr(network, "networks"):
        front_panel.reset = supervisor.reset
    unload("firmware.boards." + values["board"], "firmware.boards")
    return agent, network, clock, storage, console, front_panel, event_log


def configure(uptime: Uptime, supervisor=None):
    """(configuration values, the Agent's Settings). An unusable one ends as `app.run` says.

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
        unload(
            "firmware.config",
            "firmware.strict_json",
            "firmware.network.known_networks",
            "firmware.network.static_address",
            "pilotlight.settings",
        )


def make_agent(settings, network, storage, clock, times, supervisor=None, may_reset=True):
    """The Agent. With a supervisor its tasks check in, and it may reset the board if may_reset."""
    from pilotlight.agent import Agent  # only now: the unloaded configuration modules made room

    reset = check_in = None
    if supervisor is not None:
        reset = supervisor.reset if may_reset else None
        check_in = supervisor.watchdog.check_in
    return Agent(settings, network, storage, clock, times, log, reset, check_in)


def _console(values: dict):
    """The Console, or None if it is switched off."""
    if values["board"] == "host" if values["console"] is None else values["console"]:
        from .console import Console

        return Console()
    return None


def _know_networks(network, storage) -> bool:
    """Give a Wifi the stored networks. Return whether setup mode is to begin."""
    from .network import stored_networks

    try:
        note = stored_networks.give(network, storage, log)
        return note == stored_networks.WANTED or not (note or network.networks)
    finally:
        unload("firmware.network.stored_networks")


def _fitted(board, values: dict, network) -> tuple:
    """The board's (light, screen, button), each None if it has none."""
    light = board.light() if values["light"] and hasattr(board, "light") else None
    if light is not None:
        light.set_brightness(values["brightness"])
    button = board.button() if hasattr(board, "button") else None
    screen = None
    if values["screen"] != "none" and hasattr(board, "screen"):
        from .screen.screen import Screen

        display = board.screen(int(values["screen"].split("x")[1]))
        screen = Screen(display, button is not None, network)
    return light, screen, button


def _front_panel(fitted: tuple, values: dict, storage, network):
    """The board's light, screen and button as a FrontPanel, or None on a computer."""
    if values["board"] == "host":
        return None
    light, screen, button = fitted
    if screen is None:
        from .screen.serial_screen import SerialScreen

        screen = SerialScreen(button is not None, network)
    from .panel.front_panel import FrontPanel

    return FrontPanel(light, screen, button, storage, values["brightness"], log)


def _fail(sentence: str, uptime: Uptime, supervisor) -> None:
    from .screen import fault_screen

    log(sentence)
    if supervisor is not None:
        # For ever, because an exit would be a soft reset, and then the same error again.
        asyncio.run(fault_screen.show("config", uptime.ms()))
    fault_screen.print_fault("config", uptime.ms())
    sys.exit(_CONFIG_ERROR_EXIT)


def _config_path() -> str:
    path = os.getenv("PILOTLIGHT_CONFIG") if hasattr(os, "getenv") else None
    return path or "config.json"


def _board(name: str):
    # __import__ returns the outermost package.
    return getattr(__import__("firmware.boards." + name).boards, name)
