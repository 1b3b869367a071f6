"""Months of random histories: a seed decides which faults come when, for how long, beside which.

A history that fails is shrunk to a short one that fails in the same way.
"""

import random

from tests.simulation.faults import FAULTS, TOKEN_FAULTS
from tests.simulation.histories import FAR, KINDS, Episode, History
from tests.simulation.invariants import Broken
from tests.simulation.trouble import pause_or_resume
from tools.virtual_board.virtual_time import Clock

_KINDS = KINDS + tuple([FAR + kind for kind in KINDS])
_DAY_S = 24 * 3600
_MOST_TRIES = 600  # to shrink, and …
_MOST_TRIED_MS = 60 * _DAY_S * 1000  # … virtual ms: then the shortest so far has to do
_CALM_S = (600, 7_200, 36_000)  # at most, each as often
_FAULT_S = (30, 300, 300, 3_600, 14_400)


def drawn(seed, days):
    """The history of this seed: so many days, or a few hours more."""
    random.seed(seed * 2654435761 % (1 << 30))  # small seeds begin alike
    kind = _KINDS[seed % len(_KINDS)]
    faults = FAULTS + (pause_or_resume,)
    if kind.endswith("paired"):
        faults += TOKEN_FAULTS
    left_s = days * _DAY_S
    episodes = []
    while left_s > 0:
        steps = []
        for at in range(random.randrange(1, 4)):
            seconds = random.randrange(1, random.choice(_FAULT_S))
            keeps = bool(at and random.randrange(2))
            steps.append((random.choice(faults).__name__, seconds, keeps))
        number = random.randrange(1 << 30)
        episodes.append(Episode(steps, number, random.randrange(random.choice(_CALM_S))))
        left_s -= episodes[-1].calm_s + episodes[-1].seconds
    return History(kind, episodes)


def cause(error):
    """Of what kind a failure is: the checks that are broken, or how its text begins."""
    if isinstance(error, Broken):
        return " ".join(sorted(error.checks))
    return "%s %s" % (type(error).__name__, str(error).partition(":")[0])


async def shrunk(history, fails):
    """The shortest history found that fails in the same way, within a bound of tries and of time.

    fails(history): a coroutine: the cause, or None if it is well; sets history.reached, and
    Clock.now_ms to how long it took.
    """
    why = await fails(history)
    assert why, "it is well"
    tried = [0, 0]  # histories, and their virtual ms

    async def still(one):
        if tried[0] >= _MOST_TRIES or tried[1] >= _MOST_TRIED_MS:
            return False
        found = await fails(one)
        tried[0] += 1
        tried[1] += Clock.now_ms
        return found == why

    # What comes after the failure is left out without a try: up to there it is the same.
    best = History(history.kind, history.episodes[: history.reached + 1])
    while True:
        smaller = await _smaller(best, still)
        if smaller is None:
            return best
        best = smaller


async def _smaller(history, still):
    """A smaller history that still fails, or None."""
    for one in _candidates(history):
        if await still(one):
            return one
    return None


def _candidates(history):
    """Smaller histories, the much smaller ones first."""
    episodes = history.episodes
    size = 1
    while size < len(episodes) - 1:  # mostly the last ones are enough, and they take the least time
        yield History(history.kind, episodes[-size:])
        size *= 4
    size = len(episodes) // 2
    while size:
        for begin in range(0, len(episodes), size):
            left = episodes[:begin] + episodes[begin + size :]
            if left:
                yield History(history.kind, left)
        size //= 2
    for at, episode in enumerate(episodes):
        for one in _smaller_episodes(episode):
            yield History(history.kind, episodes[:at] + (one,) + episodes[at + 1 :])


def _smaller_episodes(episode):
    steps, number, calm_s = episode.steps, episode.number, episode.calm_s
    for at in range(len(steps)):
        left = steps[:at] + steps[at + 1 :]
        if left:
            yield Episode(left, number, calm_s)
    for less_s in _less(calm_s, 0):
        yield Episode(steps, number, less_s)
    for at, (name, seconds, keeps) in enumerate(steps):
        smaller = [(name, less_s, keeps) for less_s in _less(seconds, 1)]
        if keeps:
            smaller.append((name, seconds, False))
        for step in smaller:
            yield Episode(steps[:at] + (step,) + steps[at + 1 :], number, calm_s)


def _less(seconds, least):
    """The least, and fewer seconds by a half, a quarter and so on, down to one."""
    found = [least] if least < seconds else []
    fewer_s = seconds // 2
    while fewer_s:
        if least < seconds - fewer_s:
            found.append(seconds - fewer_s)
        fewer_s //= 2
    return found
