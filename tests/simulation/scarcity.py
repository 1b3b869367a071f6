"""A day's story in virtual time with no memory at one place in it: does the device come back?

There are two kinds of places. A call: the K-th call of one function of pilotlight, or of asyncio as
pilotlight uses it, runs while the heap is locked, so each allocation in it fails. (Calling a
coroutine function only makes its coroutine.) A turn: the K-th turn of the agent's tasks, from one
`await` that waits to the next, runs while the heap is locked, so that whatever is done about the
first MemoryError finds no memory either.

`make simulate` tries all places, `make test` a part of them.
"""

import asyncio
import random
import sys

import micropython

from tests.simulation.device import World, keep_loaded, sleep_s
from tests.simulation.network import Network, Socket
from tests.simulation.turns import Turns
from tools.virtual_board import virtual_time
from tools.virtual_board.virtual_time import Clock

# isort: split
import pilotlight.parts  # noqa: F401
from pilotlight import (  # noqa: F401  # else imported late
    iso_time,
    oauth_api,
    pairing,
    pairing_request,
    recovery,
    refresh,
    stored_tokens,
    token_text,
    tokens,
)
from pilotlight.net import (  # noqa: F401  # else imported late
    phoenix,
    websocket_client,
    websocket_upgrade,
)

PARTS = 40
BACK_S = 95  # joined again so long after everything is well
STOP_S = 30  # `stop` ends within one request
CALLS_EACH = 16  # so many calls of each function are tried at most …
TURNS = 400  # … and so many turns
_SLEEPING_MS = 1_200_000


class Heap:
    """The heap, as the agent's code finds it.

    name, number: where it is locked: the function or `turn`, and which call or turn of it, from 1.
    count: how many have come. was_locked: it came to that. failed: something found no memory there.
    """

    name = ""
    number = count = 0
    was_locked = failed = False
    _locked = False
    ours = False  # the code of the agent runs, not the simulation's
    starts = False  # the agent's first task is being made

    @classmethod
    def begin(cls, name, number):
        """Lock it there."""
        cls.name, cls.number, cls.count = name, number, 0
        cls.was_locked = cls.failed = False

    @classmethod
    def lock(cls, locked):
        """Lock or unlock it; what it was before."""
        before = cls._locked
        if locked and not before:
            micropython.heap_lock()
        elif before and not locked:
            micropython.heap_unlock()
        cls._locked = locked
        return before

    @classmethod
    def comes(cls, name):
        """The agent comes to this place: is the heap locked here?"""
        if not cls.ours or name != cls.name:
            return False
        cls.count += 1
        if cls.count != cls.number:
            return False
        cls.was_locked = True
        return True


class Calls:
    """counts: how often each function is called in a story in which nothing fails.

    made: (owner, attribute, name, function, with its calls counted, as a place) of each.
    """

    counts = {}
    made = []


def _use(name):
    """Make a place of this function only; of all, counted, for `*`."""
    for owner, attribute, own, function, counted, placed in Calls.made:
        value = counted if name == "*" else placed if name == own else function
        setattr(owner, attribute, value)


def _placed(name, function):
    """The function, as a place."""

    def call(*arguments, **named):
        if not Heap.comes(name):
            return function(*arguments, **named)
        # Called as in the code: with `*` and `**` the call itself would allocate.
        count = -1 if named else len(arguments)
        one, two, three, four, five, six, *_ = arguments + (None,) * 6
        at_once = named.get("at_once")
        changed = named.get("changed")
        Heap.lock(True)
        try:
            if count == 1:
                return function(one)
            if count == 2:
                return function(one, two)
            if count == 3:
                return function(one, two, three)
            if count == 4:
                return function(one, two, three, four)
            if count == 5:
                return function(one, two, three, four, five)
            if count == 6:
                return function(one, two, three, four, five, six)
            if at_once is not None:
                return function(one, at_once=at_once)
            if changed is not None:
                return function(one, changed=changed)
            return function(*arguments, **named)
        except MemoryError:
            Heap.failed = True
            raise
        finally:
            Heap.lock(False)

    return call


def _counted(name, function):
    """The function, which counts its calls."""

    def call(*arguments, **named):
        if Heap.ours:
            Calls.counts[name] = Calls.counts.get(name, 0) + 1
        return function(*arguments, **named)

    return call


class _Ours(Turns):
    """A coroutine of the agent whose turns are places."""

    def turn(self, go_on, value):
        ours, Heap.ours = Heap.ours, True
        locked = Heap.comes("turn")
        if Heap.name == "*":
            Calls.counts["turn"] = Calls.counts.get("turn", 0) + 1
        if locked:
            Heap.failed = True
            Heap.lock(True)
        try:
            return go_on(value)
        finally:
            Heap.lock(False)
            Heap.ours = ours


class _Served(Turns):
    """A coroutine of the simulation."""

    def turn(self, go_on, value):
        ours, Heap.ours = Heap.ours, False
        try:
            return go_on(value)
        finally:
            Heap.ours = ours


_MISSING = object()
_FOREIGN = ("_Sockets",)  # classes that pilotlight's modules see, but are not its own


def _exempt(owner, name):
    """A method of the simulation: it has memory, because it is no part of the device."""
    method = getattr(owner, name)

    def call(one, two=_MISSING, three=_MISSING, four=_MISSING):
        locked = Heap.lock(False)
        ours, Heap.ours = Heap.ours, False
        try:
            return method(*[given for given in (one, two, three, four) if given is not _MISSING])
        finally:
            Heap.ours = ours
            Heap.lock(locked)

    setattr(owner, name, call)


def _functions(owner, label):
    """(owner, attribute, name, function) of each function of a module or class."""
    kinds = (type(install), type(_generator), type(_closure()))
    for attribute in sorted(owner.__dict__ if isinstance(owner, type) else dir(owner)):
        value = getattr(owner, attribute)
        if isinstance(value, kinds):
            yield owner, attribute, "%s.%s" % (label, attribute), value


def _generator():
    yield


def _closure():
    kept = 1

    def inner():
        return kept

    return inner


def _make(owner, attribute, name, function):
    counted, placed = _counted(name, function), _placed(name, function)
    Calls.made.append((owner, attribute, name, function, counted, placed))


def install():
    """Make places of all functions, once, before a World is made."""
    keep_loaded()  # what is loaded again would be no place
    for name in ("close", "connect", "write", "readinto", "reset", "is_readable", "is_writable"):
        _exempt(Socket, name)
    for name in ("connect", "look_up"):
        _exempt(Network, name)
    modules = {
        name: module for name, module in sys.modules.items() if name.startswith("pilotlight.")
    }
    replaced = {}
    for module_name in sorted(modules):
        module = modules[module_name]
        label = module_name.partition(".")[2]
        for attribute in sorted(dir(module)):
            value = getattr(module, attribute)
            if isinstance(value, type) and id(value) not in replaced:
                if value.__name__ in _FOREIGN:
                    continue
                replaced[id(value)] = value
                for owner, inner, name, function in list(_functions(value, attribute)):
                    _make(owner, inner, name, function)
        for owner, attribute, name, function in list(_functions(module, label)):
            replaced.setdefault(id(function), name)
            _make(owner, attribute, replaced[id(function)], function)
    for owner, attribute in (
        (asyncio.Event, "wait"),
        (asyncio.Lock, "acquire"),
        (asyncio.Lock, "__aenter__"),
        (asyncio.Lock, "__aexit__"),
        (asyncio, "wait_for_ms"),
    ):
        function = getattr(owner, attribute)
        _make(owner, attribute, "asyncio." + attribute, function)
    make_task = asyncio.core.create_task

    def create_task(job):
        # A task of the agent's makes one of the agent's.
        is_ours = (Heap.ours and not isinstance(job, _Served)) or Heap.starts
        if not is_ours:
            return make_task(job)
        return make_task(job.around(_Ours) if isinstance(job, Turns) else _Ours(job))

    _make(asyncio, "create_task", "asyncio.create_task", create_task)
    _make(asyncio.core, "create_task", "asyncio.create_task", create_task)
    _use("")


class _Pointless(Exception):
    """What ran while the heap was locked has found all it needed: it allocates nothing there."""


async def _pass(seconds):
    await sleep_s(seconds)
    if Heap.was_locked and not Heap.failed:
        raise _Pointless


class _Unseen(World):
    """A world whose observer does nothing: it would run as one of the agent's tasks."""

    async def _observe(self, status):
        pass


class _User:
    """Types in each code that is shown. entered: how many so far."""

    def __init__(self, world):
        self._world = world
        self.entered = 0

    async def run(self):
        endpoint = self._world.frameio.tokens
        while True:
            await sleep_s(1)
            code = self._world.agent.status.user_code
            if code in endpoint.user_codes:
                endpoint.enter(code)
                self.entered += 1


async def _tell(world):
    """The day of a world that is powered on. At its end everything is well."""
    frameio = world.frameio
    await _pass(100)
    frameio.paused = True
    frameio.push("status_updated", "paused")
    await _pass(70)
    frameio.paused = False
    frameio.push("status_updated", "resumed")
    await _pass(30)
    frameio.ping()
    frameio.close_sockets(1000)
    await _pass(30)
    frameio.push("phx_error", {})
    await _pass(20)
    world.network.dead_air = True
    await _pass(50)
    world.network.dead_air = False
    await _pass(60)
    frameio.forbids = True
    frameio.close_sockets(1000)
    await _pass(420)
    frameio.forbids = False
    await _pass(70)
    job = asyncio.create_task(_refresh(world))
    await _pass(10)
    job.cancel()
    world.agent.network_changed()
    await _pass(20)
    world.host.up = False
    world.network.reset()
    world.agent.network_changed()
    await _pass(20)
    world.host.up = True
    await _pass(60)
    frameio.limits = True
    frameio.close_sockets(1012)
    await _pass(30)
    frameio.limits = False
    frameio.answers = False
    await _pass(60)
    frameio.answers = True
    frameio.joins = "error"
    frameio.close_sockets(1011)
    await _pass(30)
    frameio.joins = "ok"
    await _pass(70)
    world.network.dead_air = True
    await _pass(660)  # the network is restarted
    world.network.dead_air = False
    await _pass(120)
    job = asyncio.create_task(_unpair(world))
    await _pass(60)


async def _refresh(world):
    try:
        await world.refresh()
    except MemoryError:
        pass
    except Exception as error:
        world.log.append((Clock.now_ms, "application: %r" % error))


async def _unpair(world):
    """The user, who asks again until it is done."""
    while world.frameio.times("revoke") == [] and world.agent.status.state != "pairing":
        try:
            await asyncio.core.create_task(_ours(world.agent.unpair(pair_again=True)))
            return
        except MemoryError:
            await sleep_s(1)


async def _ours(job):
    await job


async def fail_at(name, number, seed=7):
    """The story with no memory there: what went wrong, "" for nothing, None if it does not fail."""
    world = _Unseen(seed=seed, pairs=True)
    world.frameio.tokens.access_s = 1200

    async def restart():
        world.network.reset()

    world.host.restart = restart
    serve = world.network.serve
    world.network.serve = lambda stream: _Served(serve(stream))
    random.seed(seed)
    Heap.begin(name, number)
    _use(name)
    Heap.starts = True
    world.power_on()
    Heap.starts = False
    user = _User(world)
    asyncio.create_task(user.run())
    try:
        await _tell(world)
        return await _judge(world, user)
    except _Pointless:
        return None
    finally:
        virtual_time.forget_tasks()


async def _judge(world, user):
    status = world.agent.status
    begun_ms = Clock.now_ms
    while True:
        if world.running.done():
            try:
                await asyncio.wait_for_ms(world.power_off(), STOP_S * 1000)
                return "ended: run() returned"
            except Exception as error:
                return "ended: run() raised %r" % error
        if status.joined and world.frameio.online and status.state == "online":
            break
        if Clock.now_ms - begun_ms > _SLEEPING_MS:
            return "stuck: %s, reason %s" % (status.state, status.reason)
        await sleep_s(1)
    took_s = (Clock.now_ms - begun_ms) // 1000
    if not Heap.failed:
        return None
    if took_s > BACK_S:
        return "late: back after %d s" % took_s
    if user.entered != 2:
        return "pairing: %d codes were entered" % user.entered
    if world.network.open > 2 or world.agent.request_slot().locked():
        await sleep_s(30)
        if world.network.open > 2 or world.agent.request_slot().locked():
            return "left: %d open, slot held" % world.network.open
    try:
        await asyncio.wait_for_ms(world.power_off(), STOP_S * 1000)
    except asyncio.TimeoutError:
        return "stuck: stop() does not end"
    except Exception as error:
        return "ended: with %r" % error
    return ""


def places():
    """(name, number) of each place that is tried, after `count`."""
    found = []
    for name in sorted(Calls.counts):
        count = Calls.counts[name]
        most = TURNS if name == "turn" else CALLS_EACH
        if count <= most:
            numbers = range(1, count + 1)
        else:  # the first ones, then fewer and fewer
            half = most // 2
            numbers = list(range(1, half + 1))
            numbers += [
                half + 1 + (count - half - 1) * i // (most - half) for i in range(most - half)
            ]
        found += [(name, number) for number in numbers]
    return found


def _modules():
    return {name for name in sys.modules if name.startswith("pilotlight.")}


async def count():
    """The story in which nothing fails: Calls.counts."""
    Calls.counts.clear()
    before = _modules()
    wrong = await fail_at("*", 0)
    assert not wrong, wrong
    late = _modules() - before  # they would keep functions that count, which need memory
    assert not late, late


class Summary:
    """What came of the places. tried: so many found no memory.

    failures: (name, number, what is wrong) of those from which the device did not come back.
    """

    def __init__(self):
        self.tried = 0
        self.failures = []

    async def add(self, name, number):
        """Try one place."""
        wrong = await fail_at(name, number)
        if wrong is None:
            return
        self.tried += 1
        if wrong:
            self.failures.append((name, number, wrong))
            print("no memory at %s %d: %s" % (name, number, wrong))


async def try_part(part, parts=PARTS):
    """Try every parts-th place, from this part on; a Summary."""
    asyncio.get_event_loop().set_exception_handler(lambda loop, context: None)
    summary = Summary()
    await count()
    for name, number in places()[part::parts]:
        await summary.add(name, number)
    return summary
