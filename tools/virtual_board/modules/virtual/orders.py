"""What the world does to the board: {"order": "press", "pin": 0} from the host is obey("press",
pin=0) in a test.

A chip model registers a function for an order. Each order that was obeyed is told as an event.
"""

from . import events, interrupts

_functions = {}


def register(name, function):
    """function(**fields) obeys the order of that name."""
    _functions[name] = function


def obey(order, **fields):
    """Do it; handlers that it wakes run before this returns, unless one calls it.

    Raises ValueError for an unknown one.
    """
    if order not in _functions:
        raise ValueError("no chip knows the order %s" % order)
    interrupts.hold()
    try:
        _functions[order](**fields)
        events.emit("order", order=order, **fields)
    finally:
        interrupts.release()
