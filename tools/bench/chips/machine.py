"""The smallest `machine` with which a board's firmware goes online.

It models nothing, unlike tools/virtual_board, so that its own share of a heap is small.
"""

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5


def reset_cause():
    return 1


def reset():
    raise SystemExit(9)


class RTC:
    def memory(self, data=None):
        return b""

    def datetime(self, fields=None):
        pass


class Pin:
    IN = 0
    OUT = 1
    PULL_UP = 2
    IRQ_FALLING = 2
    IRQ_RISING = 1

    def __init__(self, *_, **__):
        pass

    def value(self, level=1):
        return 1

    def irq(self, *_, **__):
        pass


class Timer:
    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, number):
        pass

    def init(self, **_):
        pass

    def deinit(self):
        pass


class I2C:
    def __init__(self, *_, **__):
        pass

    def writeto(self, address, data, stop=True):
        return len(data)


class WDT:
    def __init__(self, **_):
        pass

    def feed(self):
        pass
