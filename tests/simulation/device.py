"""A device in virtual time: the real Agent on the simulated network, and what it has shown when.

Import this first: it installs the virtual clock and the simulated network.
"""

import asyncio
import gc
import random
import sys

from tools.virtual_board import virtual_time

virtual_time.install()


class _Gc:
    """The `gc` of the library, which collects before each connection: a quarter of all the time."""

    @staticmethod
    def collect():
        """Not here: the heap is large."""


# Without collections in between, a heap of many MB fills up and then has no large block left. Each
# looks at all of the heap that was ever used, so a large one is collected more seldom.
gc.collect()
gc.threshold(max(4 << 20, gc.mem_free() // 8))
sys.modules["gc"] = _Gc

from tests.simulation.network import Network

# isort: split
from pilotlight.agent import Agent
from pilotlight.core import Core
from pilotlight.settings import Settings
from pilotlight.times import Times as Times
from tests.simulation.frameio import Frameio
from tests.simulation.frameio_tokens import MARK, SECRET, Tokens
from tests.simulation.turns import Turns
from tools.virtual_board.virtual_time import Clock

TOKEN = "simulated-token"
LATENCY_MS = 10  # each way
_NO_SPACE = 28  # ENOSPC, which MicroPython does not name


def gaps(times):
    """From each time to the next."""
    return [times[i] - times[i - 1] for i in range(1, len(times))]


async def sleep_s(seconds):
    """Let virtual seconds go by."""
    await asyncio.sleep_ms(seconds * 1000)


def _unload_nothing(core, *modules):
    """In place of Core.unload."""


def keep_loaded():
    """What the agent loads on demand stays loaded from now on: a fifth of a short history's time."""
    Core.unload = _unload_nothing


class _Life:
    """From power-on until the power goes: then none of the device's tasks has another turn.

    of_task: of the task that runs, or None: the task is the simulation's.
    """

    of_task = None

    def __init__(self):
        self.is_over = False

    def call(self, function):
        """Call a function of the device. The tasks that it makes are the device's."""
        before, _Life.of_task = _Life.of_task, self
        try:
            return function()
        finally:
            _Life.of_task = before


class _Living(Turns):
    """A coroutine of the device. The tasks that it makes are the device's, too.

    life: the _Life that it belongs to.
    """

    def __init__(self, life, job):
        super().__init__(job)
        self.life = life

    def turn(self, go_on, value):
        if self.life.is_over:
            raise asyncio.CancelledError  # no `finally` of the device's runs
        before, _Life.of_task = _Life.of_task, self.life
        try:
            return go_on(value)
        finally:
            _Life.of_task = before


_create_task = asyncio.core.create_task


def _create_living_task(job):
    life = _Life.of_task
    return _create_task(_Living(life, job) if life else job)


asyncio.create_task = asyncio.core.create_task = _create_living_task


class Host:
    """Network, storage and clock for an Agent.

    known_s: what the clock said when the virtual time began, or None: the time is not known.
    is_full: the storage can't be written. on_save(): called before each save, or None; False: the
    record is not stored.
    """

    def __init__(self):
        self.records = {}
        self.saves = 0
        self.up = True
        self.known_s = 1_800_000_000
        self.is_full = False
        self.on_save = None

    def is_up(self):
        return self.up

    def load(self, name):
        return self.records.get(name)

    def save(self, name, record):
        self.keep_room(name)
        if self.on_save and self.on_save() is False:
            return
        self.records[name] = record
        self.saves += 1

    def keep_room(self, name):
        if self.is_full:
            raise OSError(_NO_SPACE)

    def now_s(self):
        return None if self.known_s is None else self.known_s + Clock.now_ms // 1000

    async def ensure_set(self):
        return self.known_s is not None


class World:
    """Device, network and service; the seed decides all that is random.

    pairs: the device has a client_secret, not a fixed token; `pair` acts for its user.
    storage: used in place of the host's records. port: worlds that live at the same time need one
    each. reset: as Agent's, or None. tls_sessions: as in Settings.
    repairs: what makes the faults under way well again (see `trouble.py`), the newest last.
    patience_ms: how much longer than usual the way back may take, for what the service has asked.
    on_suspended(ms): called after the process was suspended for so long, or None.
    on_power_on(): called when it is powered on, or None.
    may_end_pairing: the pairing may have ended, and its user will pair it again.
    shown: (virtual ms, state, connected, paused, reason) of each change.
    """

    def __init__(self, seed=1, jitter_ms=0, pairs=False, storage=None, port=1):
        random.seed(seed)
        self._port = port
        self.frameio = Frameio(Tokens() if pairs else None)
        self.network = Network(self.frameio.serve, LATENCY_MS, jitter_ms)
        self.host = Host()
        self.storage = storage or self.host
        self.shown = []
        self.log = []
        self.reset = None
        self.tls_sessions = 2
        self.agent = None
        self.repairs = []
        self.patience_ms = 0
        self.on_suspended = self.on_power_on = None
        self.may_end_pairing = False
        self.due_ms = {}  # by which virtual ms a task of the agent's has to call

    def power_on(self, times=None):
        """Start the device."""
        self.network.plug_in(self._port)
        given = {"client_secret": SECRET} if self.frameio.tokens else {"access_token": TOKEN}
        settings = Settings("http://127.0.0.1:%d" % self._port, "1.2.3", **given)
        settings.tls_sessions = self.tls_sessions
        self.due_ms.clear()

        def note(line):
            self.log.append((Clock.now_ms, line))

        self.agent = Agent(
            settings, self.host, self.storage, self.host, times, note, self.reset, self._due
        )
        self._life = life = _Life()
        network_changed = self.agent.network_changed
        self.agent.network_changed = lambda: life.call(network_changed)
        self.running = asyncio.create_task(_Living(self._life, self.agent.run()))
        self._observing = asyncio.create_task(self._observe(self.agent.status))
        if self.on_power_on:
            self.on_power_on()

    def _due(self, name, within_ms):
        """A watchdog that bites at once: a task that has promised to call is never late."""
        late_ms = Clock.now_ms - self.due_ms.get(name, Clock.now_ms)
        assert late_ms <= 0, "%s is %d ms late" % (name, late_ms)
        self.due_ms[name] = Clock.now_ms + within_ms

    @property
    def is_running(self):
        """The agent's `run` has not ended."""
        return not self.running.done()

    def suspend(self, ms):
        """The process stands still, while its sockets receive. Then all timers are overdue."""
        virtual_time.pass_ms(ms)
        for name in self.due_ms:
            self.due_ms[name] += ms
        if self.on_suspended:
            self.on_suspended(ms)

    async def power_off(self):
        """End it in order; raises what it died of."""
        await self.agent.stop()
        await self.running
        self._observing.cancel()

    def cut_power(self):
        """The device stops at once. The world goes on, and its network stays as it is."""
        life = self._life
        life.is_over = True
        virtual_time.drop_tasks(lambda job: isinstance(job, _Living) and job.life is life)
        self._observing.cancel()
        self.agent = None
        self.network.lose_device()

    def lose_power(self):
        """The device stops at once and loses what is under way, as all other tasks do. The service keeps its state."""
        virtual_time.forget_tasks()
        self.agent = None
        self.network = Network(self.frameio.serve, self.network.latency_ms, self.network.jitter_ms)

    def forget(self):
        """Forget what was logged, shown and asked up to now."""
        self.log.clear()
        self.shown.clear()
        self.frameio.asked.clear()

    async def _observe(self, status):
        version = 0
        while True:
            version = await status.wait(version)
            row = (Clock.now_ms, status.state, status.connected, status.paused, status.reason)
            if not self.shown or self.shown[-1][1:] != row[1:]:
                self.shown.append(row)

    async def until(self, state, longest_ms=600_000):
        """Wait until the state is shown; the virtual ms that it took."""
        begun_ms = Clock.now_ms
        while self.agent.status.state != state:
            left_ms = begun_ms + longest_ms - Clock.now_ms
            assert left_ms > 0, "never %s; shown: %s; log: %s" % (
                state,
                self.shown[-6:],
                self.log[-6:],
            )
            try:
                await asyncio.wait_for_ms(
                    self.agent.status.wait(self.agent.status.version), left_ms
                )
            except asyncio.TimeoutError:
                pass
        return Clock.now_ms - begun_ms

    async def refresh(self):
        """Have the tokens refreshed now: an application's request was answered with 401.

        The new access token. Raises as `Agent.access_token` does.
        """
        return await self.agent.access_token(await self.agent.access_token())

    async def online(self):
        """Power on and wait until online."""
        self.power_on()
        await self.until("online")

    async def pair(self):
        """The user: wait for the code, type it in, and wait until online."""
        await self.until("pairing")
        self.frameio.tokens.enter(self.agent.status.user_code)
        await self.until("online")


async def paired():
    """A world whose device is paired and online."""
    world = World(pairs=True)
    world.power_on()
    await world.pair()
    return world


def no_secret(world):
    """Nothing that was logged or shown is a secret."""
    text = str(world.log) + str(world.shown)
    assert not [secret for secret in (TOKEN, SECRET, MARK) if secret in text], (
        "a secret was logged or shown"
    )
