"""Histories of two faults: the first for a while, then the second, then all is well again.

Every ordered pair of faults, each for 1, 17, 45 or 130 s; the first one is healed when the second
begins, or it stays. A history is fixed by its text, which a failure prints, and can be run again.
"""

import binascii
import random

from tests.simulation.device import World, sleep_s, virtual_time
from tests.simulation.faults import FAULTS, TOKEN_FAULTS
from tests.simulation.invariants import Watch
from tests.simulation.recovery import until_right
from tests.simulation.trouble import heal, pause_or_resume
from tools.virtual_board.virtual_time import Clock

DURATIONS_S = (1, 17, 45, 130)
# A prime, so that each part holds every duration and nearly every fault.
PARTS = 151


class History:
    """kind: `fixed` (a fixed token) or `paired`. keeps: the first fault stays beside the second."""

    def __init__(self, kind, first, first_s, second, second_s, keeps):
        self.kind = kind
        self.first = first
        self.first_s = first_s
        self.second = second
        self.second_s = second_s
        self.keeps = keeps

    def __str__(self):
        return "%s %s %d %s %d %s" % (
            self.kind,
            self.first.__name__,
            self.first_s,
            self.second.__name__,
            self.second_s,
            "keep" if self.keeps else "heal",
        )


def histories(kind):
    """All histories of this kind, always in the same order."""
    faults = FAULTS + TOKEN_FAULTS if kind == "paired" else FAULTS
    for first in faults:
        for second in faults:
            for first_s in DURATIONS_S:
                for second_s in DURATIONS_S:
                    for keeps in (False, True):
                        yield History(kind, first, first_s, second, second_s, keeps)


def part_of(kind, part, parts=PARTS):
    """Every parts-th history of this kind, from this part on."""
    for number, history in enumerate(histories(kind)):
        if number % parts == part:
            yield history


def named(text):
    """The history that `str` gave this text. Raises ValueError if there is none."""
    for history in histories(text.split(" ")[0]):
        if str(history) == text:
            return history
    raise ValueError("there is no history " + text)


async def live(history):
    """Live through a history; (the virtual ms of the way back, its Watch).

    Raises AssertionError for a broken invariant, or what the agent died of.
    """
    Clock.now_ms = 0  # so that it is the same history again, whatever ran before
    world = World(binascii.crc32(str(history).encode()), 0, history.kind == "paired")
    watch = Watch(world)
    world.power_on()
    watch.begin()
    try:
        if world.frameio.tokens:
            world.frameio.tokens.access_s = 900
            await world.pair()
        await until_right(world)
        if random.randrange(2):
            pause_or_resume(world)
        history.first(world)
        await sleep_s(history.first_s)
        if not history.keeps:
            heal(world)
        if random.randrange(2):
            pause_or_resume(world)
        history.second(world)
        await sleep_s(history.second_s)
        heal(world)
        back_ms = await until_right(world)
        watch.end()
        await world.power_off()
    finally:
        virtual_time.forget_tasks()
    return back_ms, watch


class Summary:
    """What came of many histories.

    count, virtual_ms, worst_ms (the longest way back), failures: (history's text, exception).
    known: check that is expected to fail → in how many histories it did.
    """

    def __init__(self):
        self.count = self.virtual_ms = 0
        self.worst_ms = 0
        self.failures = []
        self.known = {}

    async def live(self, history):
        """Live through a history and note what came of it; prints a failure as one line."""
        self.count += 1
        try:
            back_ms, watch = await live(history)
            self.worst_ms = max(self.worst_ms, back_ms)
            for check in watch.known:
                self.known[check] = self.known.get(check, 0) + 1
        except Exception as error:
            self.failures.append((str(history), error))
            print("failed: %s: %s" % (history, repr(error)[:1000]))
        self.virtual_ms += Clock.now_ms
