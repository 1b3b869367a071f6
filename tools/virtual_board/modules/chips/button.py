"""Push buttons between a pin and ground, with contacts that bounce."""

from machine.pin import Pin
from virtual import events, interrupts, orders

_BOUNCE_US = 1000


class Button:
    """pin: its GPIO."""

    def __init__(self, pin):
        self._pin = Pin(pin)
        self._is_closed = False
        self._flips = 0  # still to come
        self._bounce_us = _BOUNCE_US
        self._bouncing = interrupts.Alarm(self._on_bounce)
        self._bounces = 0
        self._holding = interrupts.Alarm(self._on_held)

    def press(self, ms=None, bounces=0, bounce_us=_BOUNCE_US):
        """Press; release after ms if given.

        bounces: how often the contact opens and closes again, at a press and a release.
        """
        self._set(True, bounces, bounce_us)
        if ms is not None:
            self._holding.start(ms * 1000)

    def release(self, bounces=0, bounce_us=_BOUNCE_US):
        """Let it go."""
        self._holding.stop()
        self._set(False, bounces, bounce_us)

    def _set(self, is_closed, bounces, bounce_us):
        self._bouncing.stop()
        self._bounces = bounces
        self._bounce_us = bounce_us
        self._flips = 2 * bounces
        self._touch(is_closed)
        if self._flips:
            self._bouncing.start(bounce_us, bounce_us)

    def _on_held(self, _):
        self._set(False, self._bounces, self._bounce_us)

    def _on_bounce(self, _):
        self._flips -= 1
        if not self._flips:
            self._bouncing.stop()
        self._touch(not self._is_closed)

    def _touch(self, is_closed):
        """The contact itself."""
        if is_closed != self._is_closed:
            self._is_closed = is_closed
            self._pin.drive(0 if is_closed else None)
            events.emit("button", pin=self._pin.id, pressed=is_closed)


_buttons = {}


def wire(pin):
    """Put a button on a pin."""
    _buttons[pin] = Button(pin)


def _press(pin, ms=None, bounces=0, bounce_us=_BOUNCE_US):
    _at(pin).press(ms, bounces, bounce_us)


def _release(pin, bounces=0, bounce_us=_BOUNCE_US):
    _at(pin).release(bounces, bounce_us)


def _at(pin):
    if pin not in _buttons:
        raise ValueError("no button is wired to pin %d" % pin)
    return _buttons[pin]


orders.register("press", _press)
orders.register("release", _release)
