"""Runs agent, network, clock and outputs until the power goes. parts.py makes them."""

import asyncio

from micropython import const

from .indication import Indication
from .text_output import log
from .timestamps import Uptime, beat_ms
from .unload import unload

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from pilotlight.status import DeviceStatus

_CHECK_IN_MS = const(24_000)  # and on to the next beat
_STUCK_MS = const(120_000)


def run(times=None, supervisor=None, extra=None) -> None:
    """Run the firmware.

    times: a pilotlight.times.Times, for tests. supervisor: a guard.supervisor.Supervisor on a
    board, None on a computer. extra: your own code, called as extra(application) once with an
    application.Application; it returns a list of coroutines, which run as long as the firmware. An
    exception in one ends the firmware, and a board restarts.

    An unusable configuration is shown, and one sentence goes to stderr. A computer then ends with
    exit code 2; a board goes on showing it. Every other exception is raised, KeyboardInterrupt too.
    """
    if supervisor is None:
        from .posix import hold_closed_streams

        hold_closed_streams()
    uptime = Uptime()
    try:
        from .parts import make  # large, and needed only here

        try:
            made = make(times, supervisor, uptime)
        finally:
            unload("firmware.parts")
    except MemoryError:
        if supervisor is None:
            raise
        from .screen import fault_screen

        # For ever, because a restart would find as little memory.
        asyncio.run(fault_screen.show("too_little_memory", uptime.ms()))
    agent, network, clock, storage, console, front_panel, event_log = made
    del make, made
    check_in = None if supervisor is None else supervisor.watchdog.check_in
    outputs = Outputs(console, front_panel, event_log, uptime, check_in)
    jobs: list = []
    if extra is not None:
        from .application import Application  # only where there is one

        application = Application(agent, storage, network, clock)
        jobs = extra(application)
        if front_panel is not None:
            front_panel.on_press = application.on_press
    try:
        asyncio.run(run_all(agent, network, clock, outputs, supervisor, jobs))
    finally:
        outputs.end()


async def run_all(agent, network, clock, outputs, supervisor, others=()) -> None:
    """Run every part that has a task. An exception in any of them ends them all.

    others: coroutines that run beside them.
    """
    # The outputs first: whatever blocks the event loop then, light and console are on.
    jobs = outputs.jobs(agent)
    jobs.extend(others)
    jobs.append(agent.run())
    if hasattr(network, "run"):
        is_checked = False

        def changed() -> None:
            nonlocal is_checked
            if network.is_up() and not is_checked:
                # Once only: later on a connection may hold the memory, or a lack of it may pass.
                is_checked = True
                from . import memory

                memory.check(agent, supervisor)
                unload("firmware.memory")
            if agent.status.fault:
                return
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


class Outputs:
    """Shows the agent's status on all outputs.

    console, front_panel: a Console and a FrontPanel, or None. event_log: an EventLog.
    check_in(name, within_ms): the watchdog's, or None.
    """

    def __init__(self, console, front_panel, event_log, uptime: Uptime, check_in) -> None:
        self._console = console
        self._front_panel = front_panel
        self._event_log = event_log
        self._uptime = uptime
        self._check_in = check_in

    def jobs(self, agent) -> list:
        """The coroutines that show the agent's status, each for ever."""
        jobs = [self._follow(agent.status), self._event_log.run()]
        if self._front_panel is not None:
            jobs.extend(self._front_panel.jobs(agent, self._event_log, self._check_in))
        return jobs

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
            is_behind = self._console is not None and self._console.is_behind
            longest_ms = 0  # no limit
            if self._check_in is not None or is_behind:
                longest_ms = _CHECK_IN_MS + beat_ms()
            shown = version
            version = await status.wait(version, longest_ms)
            if version != shown:
                self._show(Indication(status))
            elif is_behind:
                self._show_on_console(self._console, Indication(status))

    def _show(self, indication: Indication) -> None:
        self._event_log.add(indication.state, indication.reason)
        if self._front_panel is not None:
            self._front_panel.show(indication)
        if self._console is not None:
            self._show_on_console(self._console, indication)

    def _show_on_console(self, console, indication: Indication) -> None:
        was_behind = console.is_behind
        console.show(indication, self._uptime.ms())
        if console.is_behind and not was_behind:
            log("the console is not read: lines are lost")
