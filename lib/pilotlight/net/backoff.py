"""How long to wait before the next try: full jitter, bounded. Pure."""


class Backoff:
    """Full jitter: the n-th wait, from n = 0, is uniform in 0..min(cap, base * 2^n).

    times: has `backoff_base_ms` and `backoff_cap_ms`. randrange(stop): a random integer from 0 to
    stop - 1, such as random.randrange.
    """

    def __init__(self, times, randrange) -> None:
        self._times = times
        self._randrange = randrange
        self._bound_ms: int = times.backoff_base_ms

    def next_ms(self) -> int:
        """The next wait in milliseconds. Each call doubles the bound, up to the cap."""
        bound_ms = self._bound_ms
        self._bound_ms = min(bound_ms * 2, self._times.backoff_cap_ms)
        return self._randrange(bound_ms + 1)

    def reset(self) -> None:
        """Start again at the base."""
        self._bound_ms = self._times.backoff_base_ms

    def raise_to(self, bound_ms: int) -> None:
        """The next wait is uniform in 0..bound_ms at least."""
        self._bound_ms = max(self._bound_ms, bound_ms)


def stretched_ms(asked_ms: int, cap_ms: int, randrange) -> int:
    """What a server asks for, times 1 to 1.5 at random, at most cap_ms.

    randrange(stop): a random integer from 0 to stop - 1.
    """
    return min(cap_ms, asked_ms + randrange(asked_ms // 2 + 1))
