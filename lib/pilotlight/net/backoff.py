"""How long to wait before the next try: full jitter, bounded. Pure."""


class Backoff:
    """Full jitter: the n-th wait is uniform in 0..min(cap, base * 2^n).

    base_ms, cap_ms: the bounds, in milliseconds.
    random_below: `random_below(n)` gives an integer in 0..n-1.
    """

    def __init__(self, base_ms: int, cap_ms: int, random_below) -> None:
        self._base_ms = base_ms
        self._cap_ms = cap_ms
        self._random_below = random_below
        self._bound_ms = base_ms

    def next_ms(self) -> int:
        """The next wait in milliseconds; each call doubles the bound until the cap."""
        bound_ms = min(self._bound_ms, self._cap_ms)
        self._bound_ms = min(bound_ms * 2, self._cap_ms)
        return self._random_below(bound_ms + 1)

    def reset(self) -> None:
        """Start again at the base: things went well for a while."""
        self._bound_ms = self._base_ms

    def between_ms(self, low_ms: int, high_ms: int) -> int:
        """A wait uniform in low_ms..high_ms, for a server that asks for a delay of its own."""
        return low_ms + self._random_below(high_ms - low_ms + 1)
