"""What the board shows: each chip tells it here, as one flat dict with `kind` and `t_us`,
microseconds since power-on.

emit("pin", pin=2, level=1) reaches the listeners in this process as a dict, and the host, if there
is one, as a line of JSON.
"""

import json

from . import clock, interrupts

is_heard = False  # ask it before emit(): its keywords alone would cost memory
lost = 0  # events for which there was no memory
_listeners = []


def listen(function):
    """Have function(event) called with each event from now on."""
    global is_heard
    _listeners.append(function)
    is_heard = True


def ignore(function):
    """Undo `listen`."""
    global is_heard
    _listeners.remove(function)
    is_heard = bool(_listeners)


def emit(kind, **fields):
    """Tell it."""
    if not is_heard:
        return
    interrupts.hold()
    try:
        fields["kind"] = kind
        fields["t_us"] = clock.now_us()
        for listener in _listeners:
            listener(fields)
    except MemoryError:
        miss()
    finally:
        interrupts.release()


def miss():
    """There was no memory for an event; the firmware must not notice.

    The host is told with the next one.
    """
    global lost
    lost += 1


def as_line(event):
    """An event as the host gets it."""
    return json.dumps(event) + "\n"
