"""How the firmware ends: its outputs go dark, and an exception in any job ends all jobs."""

import asyncio
import sys

from firmware import app, parts, text_output
from firmware.guard.watchdog import Watchdog
from firmware.timestamps import Uptime
from pilotlight import agent as agent_module
from pilotlight.status import DeviceStatus
from tests.support.expect import raises


class Esp32:
    """Stands in for the module."""

    HEAP_DATA = 4


class Told:
    """Front panel, event log and all jobs in one.

    told: what was called, in order. fails: the name of the job that raises the error.
    """

    def __init__(self, fails=None, error=None):
        self.told = []
        self._fails = fails
        self._error = error

    def go_dark(self):
        self.told.append("dark")

    def save(self):
        self.told.append("save")
        raise self._error

    async def run(self, name="agent"):
        self.told.append(name)
        await asyncio.sleep_ms(1 if name == self._fails else 3_600_000)
        raise self._error


class Job:
    def __init__(self, told, name):
        self._told = told
        self._name = name

    def run(self, *_):
        return self._told.run(self._name)

    def jobs(self, *_):
        return [self.run()]


def test_an_interrupt_while_the_log_is_written_leaves_no_light_on():
    told = Told(error=KeyboardInterrupt())
    with raises(KeyboardInterrupt):
        app.Outputs(None, told, told, None, None).end()
    assert told.told[0] == "dark"


async def test_the_end_of_any_job_is_the_end_of_all():
    names = ("agent", "outputs", "network", "clock")
    for fails in names:
        error = ValueError(fails)
        told = Told(fails, error)
        agent, outputs, network, clock = [Job(told, name) for name in names]
        agent.status, agent.network_changed = None, None
        with raises(ValueError):
            await asyncio.wait_for_ms(app.run_all(agent, network, clock, outputs, None), 1000)
        assert sorted(told.told) == sorted(names)


async def test_the_outputs_begin_first():
    """Light and console are on before the agent can block the event loop."""
    told = Told("agent", ValueError())
    agent, outputs, network, clock = [
        Job(told, name) for name in ("agent", "outputs", "network", "clock")
    ]
    agent.status, agent.network_changed = None, None
    with raises(ValueError):
        await app.run_all(agent, network, clock, outputs, None)
    assert told.told[0] == "outputs", told.told


async def test_clock_and_agent_hear_of_the_network():
    told = Told("agent", ValueError())
    agent, outputs, network, clock = [
        Job(told, name) for name in ("agent", "outputs", "network", "clock")
    ]
    agent.status = DeviceStatus()
    heard = []
    agent.network_changed = lambda: heard.append("agent")
    clock.network_changed = lambda: heard.append("clock")
    network.is_up = lambda: False
    with raises(ValueError):
        await app.run_all(agent, network, clock, outputs, None)
    network.on_change()
    assert heard == ["clock", "agent"]  # the agent asks for the time then


def test_the_configuration_can_forbid_the_reset_by_recovery():
    """The watchdog's check-ins stay, and so do the restarts of the network."""

    class Watchdog:
        check_in = "check in"

    class Supervisor:
        watchdog = Watchdog

        def reset(self):
            pass

    kept = agent_module.Agent
    agent_module.Agent = lambda *arguments: arguments
    try:
        for may_reset in (True, False):
            made = parts.make_agent(
                "settings", "network", "storage", "clock", None, Supervisor(), may_reset
            )
            assert callable(made[6]) == may_reset and made[7] == "check in", made
    finally:
        agent_module.Agent = kept


async def test_a_console_that_lost_a_line_gets_the_newest_one_when_it_is_read():
    waits_ms = []

    class Status(DeviceStatus):
        async def wait(self, version, wait_ms=0):
            waits_ms.append(wait_ms)
            return await super().wait(version, 1)

    class Console:
        is_behind = False
        shown = []

        def show(self, indication, t_ms):
            self.is_behind = len(self.shown) < 3
            self.shown.append(indication.state)

    class Quiet:
        def add(self, state, reason):
            pass

        async def run(self):
            pass

    class Agent:
        status = Status()

    console = Console()
    lines = []
    log, app.log = app.log, lines.append
    try:
        outputs = app.Outputs(console, None, Quiet(), Uptime(), None)
        tasks = [asyncio.create_task(job) for job in outputs.jobs(Agent)]
        await asyncio.sleep_ms(100)
        tasks[0].cancel()
    finally:
        app.log = log
    assert console.shown == ["starting"] * 4, console.shown  # and then no more
    assert len(lines) == 1 and "console" in lines[0], lines
    assert 0 < max(waits_ms) <= 30_000


async def test_too_little_memory_before_the_first_connect_stops_the_agent():
    """No task of the agent starves the watchdog then, so no reset comes."""
    lines = []
    text_output.log = lines.append  # memory.py is loaded, and takes it, only then
    for largest, stops in ((29_999, True), (30_000, False)):
        sys.modules["esp32"] = Esp32()
        sys.modules["esp32"].idf_heap_info = lambda _, n=largest: [(100_000, 50_000, n, 0)]
        done = []
        told = Told(error=ValueError())
        agent, outputs, network = [Job(told, name) for name in ("agent", "outputs", "network")]
        agent.status = DeviceStatus()
        agent.network_changed = lambda done=done: done.append("changed")
        agent.stop = lambda told=told: told.run("stop")
        network.is_up = lambda: True

        class Supervisor:
            watchdog = Watchdog(None, print)

        Supervisor.watchdog.check_in("session", 1)
        running = asyncio.create_task(app.run_all(agent, network, told, outputs, Supervisor))
        await asyncio.sleep_ms(5)
        network.on_change()
        await asyncio.sleep_ms(5)
        assert (Supervisor.watchdog.overdue() is None) == stops == ("stop" in told.told)
        assert done == ([] if stops else ["changed"])
        assert agent.status.fault == ("too_little_memory" if stops else None)
        sys.modules["esp32"].idf_heap_info = lambda _: [(100_000, 50_000, 1_000, 0)]
        network.on_change()  # a connection may hold the memory now
        assert len(done) == (0 if stops else 2) and bool(agent.status.fault) == stops
        running.cancel()
    assert len(lines) == 1 and "use the frozen build, docs/memory.md" in lines[0], lines


def test_no_memory_to_make_the_parts_is_shown_for_ever():
    """A crash would restart the board, which would find as little memory."""

    class FaultScreen:
        shown = []

        async def show(self, reason, t_ms):
            self.shown.append(reason)
            raise KeyboardInterrupt

    def make(*_):
        raise MemoryError

    parts.make = make
    package = __import__("firmware.screen").screen
    package.fault_screen = FaultScreen()
    with raises(KeyboardInterrupt):
        app.run(None, object())
    assert FaultScreen.shown == ["too_little_memory"]
    with raises(MemoryError):  # a computer's has an owner who reads the traceback
        sys.modules["firmware.parts"] = sys.modules["firmware"].parts = parts
        app.run()
