"""Every ordered pair of faults, or every triple: each fault for 1, 17, 45 or 130 s, healed when the
next one begins, or left to go on.

All are numbered. Of each pair there are `variants(2)`; every variants-th history holds each pair
once, and of all pairs every variant equally often.
"""

from tests.simulation.faults import FAULTS, TOKEN_FAULTS
from tests.simulation.histories import Episode, History, live
from tools.virtual_board.virtual_time import Clock

DURATIONS_S = (1, 17, 45, 130)


def variants(depth):
    """How many histories there are of the same faults in the same order."""
    return 2 * len(DURATIONS_S) ** depth


def count(kind, depth):
    """How many histories there are of this kind."""
    return len(_faults(kind)) ** depth * variants(depth)


def numbered(kind, depth, number):
    """The history of this kind that has this number, from 0 to `count`."""
    faults = _faults(kind)
    which, variant = divmod(number, variants(depth))
    variant = (variant - which) % variants(depth)
    steps = []
    keeps = bool(variant % 2)
    variant //= 2
    for at in range(depth):
        which, fault = divmod(which, len(faults))
        variant, duration = divmod(variant, len(DURATIONS_S))
        steps.append((faults[fault].__name__, DURATIONS_S[duration], keeps and at > 0))
    return History(kind, [Episode(steps)])


def part_of(kind, depth, part, parts):
    """Every parts-th history of this kind, from this part on."""
    for number in range(part, count(kind, depth), parts):
        yield numbered(kind, depth, number)


def _faults(kind):
    return FAULTS + TOKEN_FAULTS if kind == "paired" else FAULTS


class Summary:
    """What came of many histories.

    count, virtual_ms, worst_ms (the longest way back), failures: (history, exception).
    known: check that is expected to fail → in how many histories it did.
    """

    def __init__(self):
        self.count = self.virtual_ms = 0
        self.worst_ms = 0
        self.failures = []
        self.known = {}

    async def live(self, history, name=None):
        """Live through a history and note what came of it; prints a failure as one line.

        name: a shorter text of it.
        """
        self.count += 1
        try:
            back_ms, watch = await live(history)
            self.worst_ms = max(self.worst_ms, back_ms)
            for check in watch.known:
                self.known[check] = self.known.get(check, 0) + 1
        except Exception as error:
            self.failures.append((history, error))
            print("failed: %s: %s" % (name or history, repr(error)[:1000]))
        self.virtual_ms += Clock.now_ms
