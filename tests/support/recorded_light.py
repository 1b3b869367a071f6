"""A light in virtual time, without a board or an event loop: a lamp that keeps what it showed, a
timer that fires when told.

`install()` of tools/virtual_board/virtual_time.py comes before this is imported.
"""

from tools.virtual_board.virtual_time import Clock


class Lamp:
    """Keeps (t_ms, red, green, blue) of all that it was told."""

    def __init__(self, fades=True):
        self.fades = fades
        self.shown = []

    def show(self, red, green, blue):
        self.shown.append((Clock.now_ms, red, green, blue))


class Timer:
    """machine.Timer, one-shots only.

    late_ms: how late it calls. loses: how many calls get lost. wakes: how often it called.
    """

    ONE_SHOT = 0

    def __init__(self):
        self.due_ms = None
        self.late_ms = self.loses = self.wakes = 0
        self.callback = None

    def init(self, mode=1, period=-1, callback=None):
        assert mode == self.ONE_SHOT and period > 0 and callback
        self.due_ms = Clock.now_ms + period
        self.callback = callback

    def deinit(self):
        self.due_ms = None

    def fire(self):
        """Call, as the interrupt does."""
        self.due_ms = None
        self.wakes += 1
        if self.loses:
            self.loses -= 1
        else:
            self.callback(self)


def pass_time(timer, ms):
    """Let the time go on by so much, and the timer fire."""
    end_ms = Clock.now_ms + ms
    while timer.due_ms is not None and timer.due_ms + timer.late_ms <= end_ms:
        Clock.now_ms = max(Clock.now_ms, timer.due_ms + timer.late_ms)
        timer.fire()
    Clock.now_ms = end_ms


def edges(shown, from_ms=0):
    """Where it becomes light and dark: [(t_ms, is it light?)].

    The threshold is half of the brightest that it shows, as the eye sees it.
    """
    most = max([max(row[1:]) for row in shown]) if shown else 0
    found = []
    for t_ms, red, green, blue in shown:
        is_light = max(red, green, blue) * 4 >= most > 0
        if not found or found[-1][1] != is_light:
            found.append((t_ms - from_ms, is_light))
    return found
