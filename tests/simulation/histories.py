"""Histories: a device lives through faults, and is judged all the while. Each is fixed by its text.

    paired reset 17 keep dead_air 45
    fixed 7 calm 3600 silent 130; 12 calm 9 hanging 600

The first word is the kind. Then comes an episode, or several: faults, each for some seconds, then
all is well again, and the device has to come back. A fault is healed when the next one begins, or
stays if that one has `keep`. An episode may have a number, which decides what is random in it, so
that it stays the same where others are left out; then it says how many seconds of calm precede it.
"""

import asyncio
import binascii
import random

from tests.simulation.device import World, sleep_s, virtual_time
from tests.simulation.device_faults import cut_power
from tests.simulation.faults import FAULTS, TOKEN_FAULTS
from tests.simulation.invariants import Watch
from tests.simulation.recovery import until_right
from tests.simulation.trouble import heal, pause_or_resume
from tools.virtual_board.virtual_time import Clock

KINDS = ("fixed", "paired")  # a fixed token, or tokens
FAR = "far_"  # before a kind: what is under way arrives in pieces, and late
_FAR_JITTER_MS = 400
_AT_FIRST_MS = 60_000  # at most, from online to the first fault: each moment of identity's spacing
_SHORT_LIFE_S = 900  # of the access tokens of one episode; those of many live as long as Frame.io's
_LONG_S = 420  # of faults: a refresh has waited for 1, 2 and 4 min, and now waits for up to …
_PATIENCE_MS = 1_260_000
_LOST_MS = 30_000  # doubled with each refresh without an answer: how long the next one waits
_BY_NAME = {fault.__name__: fault for fault in FAULTS + TOKEN_FAULTS + (pause_or_resume,)}


class Episode:
    """steps: (name of a fault, seconds, whether what came before it stays). number: or None."""

    def __init__(self, steps, number=None, calm_s=0):
        self.steps = tuple(steps)
        self.number = number
        self.calm_s = calm_s

    def __str__(self):
        words = [] if self.number is None else ["%d calm %d" % (self.number, self.calm_s)]
        for name, seconds, keeps in self.steps:
            words.append("%s%s %d" % ("keep " if keeps else "", name, seconds))
        return " ".join(words)

    @property
    def seconds(self):
        """How long its faults last."""
        return sum([seconds for _, seconds, _ in self.steps])


class History:
    """kind: one of KINDS, perhaps with FAR before it."""

    def __init__(self, kind, episodes):
        self.kind = kind
        self.episodes = tuple(episodes)
        self.reached = 0

    def __str__(self):
        return "%s %s" % (self.kind, "; ".join([str(episode) for episode in self.episodes]))

    @property
    def is_paired(self):
        return self.kind.endswith("paired")


def named(text):
    """The history that `str` gave this text. Any other text raises ValueError or KeyError."""
    kind, _, rest = text.partition(" ")
    history = History(kind, [_episode(one.split()) for one in rest.split(";")])
    if str(history) != text:
        raise ValueError("there is no history " + text)
    return history


def _episode(words):
    number, calm_s, steps = None, 0, []
    if words[1] == "calm":
        number, calm_s = int(words[0]), int(words[2])
        words = words[3:]
    keeps = False
    while words:
        if words[0] == "keep":
            keeps = True
            words = words[1:]
        _BY_NAME[words[0]]
        steps.append((words[0], int(words[1]), keeps))
        keeps, words = False, words[2:]
    return Episode(steps, number, calm_s)


async def live(history):
    """Live through a history; (the virtual ms of the longest way back, its Watch).

    Sets history.reached to the episode that is lived through. Raises AssertionError for a broken
    invariant, or what the agent died of.
    """
    Clock.now_ms = 0  # so that it is the same history again, whatever ran before
    first = history.episodes[0].number
    seed = binascii.crc32(str(history).encode()) if first is None else first
    jitter_ms = _FAR_JITTER_MS if history.kind.startswith(FAR) else 0
    world = World(seed, jitter_ms, history.is_paired)
    watch = Watch(world)
    worst_ms = 0
    try:
        _allow_resets(world)
        world.power_on()
        watch.begin()
        if history.is_paired:
            if first is None:
                world.frameio.tokens.access_s = _SHORT_LIFE_S
            await world.pair()
        await world.until("online")
        await asyncio.sleep_ms(random.randrange(_AT_FIRST_MS))
        for number, episode in enumerate(history.episodes):
            history.reached = number
            worst_ms = max(worst_ms, await _live_episode(world, episode))
            watch.judge()
        await world.power_off()
    finally:
        watch.end()
        virtual_time.forget_tasks()
    return worst_ms, watch


def _allow_resets(world):
    """Recovery may restart the network and reset the board."""
    asked = asyncio.Event()

    async def go_on():
        while True:
            await asked.wait()
            asked.clear()
            cut_power(world)
            world.power_on()

    async def restart():
        world.network.restart()

    world.reset = asked.set
    world.host.restart = restart
    asyncio.create_task(go_on())


async def _live_episode(world, episode):
    """The virtual ms of the way back."""
    if episode.number is not None:
        random.seed(episode.number)
        world.forget()
    await sleep_s(episode.calm_s)
    for number, (name, seconds, keeps) in enumerate(episode.steps):
        if number and not keeps:
            heal(world)
        if random.randrange(2):
            pause_or_resume(world)
        _BY_NAME[name](world)
        await sleep_s(seconds)
    if world.frameio.tokens:
        lost = world.frameio.lost_refreshes
        if episode.seconds > _LONG_S:
            world.patience_ms = max(world.patience_ms, _PATIENCE_MS)
        elif lost > 1:
            world.patience_ms = max(world.patience_ms, _LOST_MS << min(lost, 5))
    heal(world)
    back_ms = await until_right(world)
    world.may_end_pairing = False
    return back_ms
