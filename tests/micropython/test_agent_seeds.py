"""The agent over days of random faults, and how a history that fails is shrunk.

`make simulate SEEDS=… DAYS=…` runs months. A failure names its seed, which can be run again:

    make simulate HISTORY="seed 17 1"
"""

import asyncio
import os

from tests.simulation import seeds
from tests.simulation.device import World, sleep_s
from tests.simulation.histories import live, named
from tests.simulation.invariants import Broken
from tests.simulation.pairs import Summary
from tools.virtual_board import virtual_time
from tools.virtual_board.virtual_time import Clock

# isort: split
from pilotlight import reconnect

SEEDS = 4  # one of each kind; each commit has others
CHECKED_SEEDS = 20  # `make check` runs 15 days of each; it is a multiple of SEEDS


async def test_seeds():
    first = int(os.getenv("SIMULATION_COMMIT") or "0", 16) * SEEDS % CHECKED_SEEDS
    summary = Summary()
    for seed in range(first, first + SEEDS):
        await summary.live(seeds.drawn(seed, 1), "seed %d 1" % seed)
    assert not summary.failures, "%d of %d failed" % (len(summary.failures), summary.count)
    assert summary.worst_ms > 10_000  # there was something to come back from


def test_a_history_is_its_text():
    for seed in range(8):
        history = seeds.drawn(seed, 3)
        assert str(named(str(history))) == str(history) == str(seeds.drawn(seed, 3))
        assert sum([one.calm_s + one.seconds for one in history.episodes]) >= 3 * 24 * 3600
        assert str(history).startswith(str(seeds.drawn(seed, 1)))
    assert str(seeds.drawn(1, 3)) != str(seeds.drawn(5, 3))
    for text in ("paired", "paired reset", "paired nothing 7", "fixed reset 07", "paired 7 calm"):
        try:
            named(text)
        except (ValueError, KeyError, IndexError):
            continue
        raise AssertionError(text)


async def test_a_history_is_the_same_again():
    days = []
    for text in (
        "far_paired 7 calm 60 reset 17 keep dead_air 45",
        "far_paired 8 calm 60 reset 17",
    ) * 2:
        shown = []
        observe, World._observe = World._observe, _observer_of(shown)
        try:
            await live(named(text))
        finally:
            World._observe = observe
        days.append(shown)
    assert days[0] == days[2] != days[1] == days[3]
    assert len(days[0]) > 5


async def test_of_a_device_without_power_no_task_is_left():
    """Each would keep its agent: a board that is reset for hours made all that followed slow."""
    world = World()
    await world.online()
    for seconds in (0, 1, 17, 60):
        await sleep_s(seconds)
        world.agent.network_changed()  # checks the link in a task of its own
        world.cut_power()
        left = []
        virtual_time.drop_tasks(left.append)
        left += asyncio.core._io_queue.waiters
        assert len(left) == 1, (seconds, left)  # the end of its observer
        world.power_on()
    await world.until("online")
    await world.power_off()


def _observer_of(shown):
    async def observe(world, status):
        version = 0
        while True:
            version = await status.wait(version)
            shown.append((world.network.opened, version, status.state, status.reason))

    return observe


class Judge:
    """A false one: histories fail for a cause that a test makes up.

    cause(history): a text or None. asked: the texts of all that were judged. days: of them all.
    """

    def __init__(self, cause):
        self._cause = cause
        self.asked = []
        self.days = 0

    async def fails(self, history):
        self.asked.append(str(history))
        history.reached = len(history.episodes) - 1
        seconds = sum([one.calm_s + one.seconds for one in history.episodes])
        self.days += seconds / (24 * 3600)
        Clock.now_ms = seconds * 1000
        return self._cause(history)


def steps_of(history):
    return [step for episode in history.episodes for step in episode.steps]


async def test_a_failing_history_is_shrunk_to_what_it_needs():
    def cause(history):
        """A silence of 40 s, and dead air in a later episode, after 90 s of calm."""
        silent = False
        for episode in history.episodes:
            names = [name for name, seconds, _ in episode.steps if seconds >= 40]
            if silent and "dead_air" in names and episode.calm_s >= 90:
                return "found"
            silent = silent or "silent" in names
        return None

    history = named(
        "paired 1 calm 500 reset 9; 2 calm 7000 hanging 44 keep silent 3000 refused 8;"
        " 3 calm 60 reset 9; 4 calm 80 dead_air 500; 5 calm 900 limited 9 dead_air 444"
    )
    judge = Judge(cause)
    short = await seeds.shrunk(history, judge.fails)
    assert str(short) == "paired 2 calm 0 silent 40; 5 calm 90 dead_air 40", short
    again = Judge(cause)
    await seeds.shrunk(history, again.fails)
    assert judge.asked == again.asked


async def test_what_the_last_episodes_do_is_found_soon():
    """Seldom is more than that needed, and each try of a long history takes its time."""

    def cause(history):
        names = [name for name, _, _ in steps_of(history)]
        return "found" if names[-2:] == ["silent", "dead_air"] else None

    days = "; ".join(["%d calm 70000 reset 9" % number for number in range(40)])
    judge = Judge(cause)
    short = await seeds.shrunk(
        named("fixed %s; 50 calm 9 silent 9; 51 calm 9 dead_air 9" % days), judge.fails
    )
    assert str(short) == "fixed 50 calm 0 silent 1; 51 calm 0 dead_air 1", short
    assert judge.days < 36, judge.days


async def test_shrinking_ends_although_each_try_takes_long():
    """All but the last episode are needed, so no try is much shorter than the first one."""

    def cause(history):
        names = [name for name, _, _ in steps_of(history)]
        return "found" if len([name for name in names if name == "reset"]) == 40 else None

    days = "; ".join(["%d calm 70000 reset 9" % number for number in range(40)])
    judge = Judge(cause)
    short = await seeds.shrunk(named("fixed %s; 50 calm 9 silent 9" % days), judge.fails)
    assert cause(short) == "found" and judge.days <= 32 + 60 + 32, (judge.days, short)


async def test_what_fails_in_another_way_is_no_shrunk_history():
    def cause(history):
        names = [name for name, _, _ in steps_of(history)]
        return "both" if "silent" in names and "reset" in names else "one"

    short = await seeds.shrunk(named("fixed 1 calm 5 silent 50 reset 50"), Judge(cause).fails)
    assert str(short) == "fixed 1 calm 0 silent 1 reset 1", short


async def test_a_bug_in_the_agent_is_found_and_shrunk():
    """Planted: what the server asks for with Retry-After is not waited for."""

    async def fails(history):
        try:
            await live(history)
        except AssertionError as error:
            return seeds.cause(error)

    history = named(
        "fixed 5 calm 700 reset 30; 6 calm 20 hanging 44 keep upgrades_limited 50;"
        " 9 calm 9 closed 77"
    )
    assert await fails(history) is None
    right, reconnect.stretched_ms = reconnect.stretched_ms, lambda *_: 0
    try:
        assert await fails(history) == "retry_after" and history.reached == 1
        short = await seeds.shrunk(history, fails)
    finally:
        reconnect.stretched_ms = right
    assert str(short) == "fixed 6 calm 0 upgrades_limited 2", short
    assert await fails(short) is None


def test_the_cause_is_what_is_broken():
    checks = {"paused": (3, 17, "wrong for 9 ms"), "connected": (1, 5, "no proof for 7 ms")}
    assert seeds.cause(Broken(checks, [])) == "connected paused"
    assert seeds.cause(AssertionError("not back: 3")) == "AssertionError not back"
