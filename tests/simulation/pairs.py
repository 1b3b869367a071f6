"""Every ordered pair of faults, or every triple: each fault for 1, 17, 45 or 130 s, healed when the
next one begins, or left to go on.

All are numbered. Of each pair there are `variants(2)`; every variants-th history holds each pair
once, and of all pairs every variant equally often.

Left out is what can only repeat another history, by two rules:

- What is over at once leaves nothing that could go on or be healed. So `keep` behind it changes
  nothing. Where nothing else goes on, its time at a history's end is only a later look.
- A paired device differs from one with a fixed token only in what its tokens go through. Without a
  fault of WITH_TOKENS nothing is refused, stored or loaded, and hardly ever is a token due in the
  time of a pair, so that pair is lived through with a fixed token alone.

tests/micropython/test_agent_pairs.py looks at each fault: both tables say what is so.
"""

from tests.simulation import device_faults, link_faults, service_faults
from tests.simulation.faults import FAULTS, TOKEN_FAULTS
from tests.simulation.histories import Episode, History, live
from tools.virtual_board.virtual_time import Clock

DURATIONS_S = (1, 17, 45, 130)
_SHORTEST_S = DURATIONS_S[0]
AT_ONCE = (
    link_faults.reset,
    link_faults.connections_forgotten,
    link_faults.network_changed,
    service_faults.closed,
    service_faults.restarted,
    service_faults.garbage,
    service_faults.channel_lost,
    device_faults.clock_ahead,
)
WITH_TOKENS = TOKEN_FAULTS + (
    # 403 to an upgrade: one refresh.
    service_faults.forbidden,
    service_faults.second_upgrade_forbidden,
    service_faults.rest_lossy,
    service_faults.firewall,
    service_faults.health_fails,
    service_faults.heartbeat_400,
    service_faults.heartbeat_401,
    service_faults.heartbeat_403,
    service_faults.heartbeat_503,
    # 401: a refresh.
    service_faults.token_refused,
    service_faults.identity_401,
    # Their age is another one, or not known.
    device_faults.clock_lost,
    device_faults.clock_ahead,
    # They are loaded.
    device_faults.power_cut,
    device_faults.restarted_often,
)
_AT_ONCE = tuple([fault.__name__ for fault in AT_ONCE])
_WITH_TOKENS = tuple([fault.__name__ for fault in WITH_TOKENS])


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
    """Every parts-th history of this kind, from this part on, but for what repeats another one."""
    for number in range(part, count(kind, depth), parts):
        history = numbered(kind, depth, number)
        if not _repeats_a_fixed_one(history) and (depth > 2 or not _repeats_a_variant(history)):
            yield history


def _repeats_a_fixed_one(history):
    """It repeats what a device with a fixed token lives through."""
    names = [name for name, _, _ in history.episodes[0].steps]
    return history.is_paired and not [name for name in names if name in _WITH_TOKENS]


def _repeats_a_variant(history):
    """It repeats the same pair with other words or another time."""
    (first, _, _), (last, seconds, keeps) = history.episodes[0].steps
    if first in _AT_ONCE and keeps:
        return True
    return last in _AT_ONCE and not keeps and seconds > _SHORTEST_S


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
