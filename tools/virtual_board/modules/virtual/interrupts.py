"""Interrupts as on an ESP32: handlers of timers and pins run between two bytecodes of the main
program, one after the other.

Three ways lead to `serve`: a thread that looks every millisecond and asks for it by
micropython.schedule, for a program that computes or sleeps; the virtual `select`, for one that
waits in asyncio, where the unix port runs nothing that was scheduled; and the virtual clock of a
test. As in the ESP32 port, at most 8 handlers wait, and more are lost (its
MICROPY_SCHEDULER_DEPTH).

There is no GIL: the thread touches nothing that the main program changes but the integers of
`_shared`.
"""

import os
import sys
from array import array

import micropython
import utime
from micropython import const

from . import clock

NEVER_US = const(1 << 60)
_DEPTH = const(8)
_TICK_US = const(1000)
# Ends this process from the shell of os.system: at once, as hardware does.
_BITE = "kill -ALRM $PPID"
_DUE, _WATCHDOG, _ASKED = const(0), const(1), const(2)

lost = 0  # handlers
# The next alarm, the watchdog's end, has the thread asked for `serve`? "l", for reading "q"
# allocates.
_shared = array("l", (NEVER_US, NEVER_US, 0))
_alarms = []  # every one that was ever started; idle ones are due never
_handlers = [None] * _DEPTH
_arguments = [None] * _DEPTH
_first = 0
_waiting = 0
_holds = 0
_is_missed = False
_is_serving = False
_is_ticking = False
_is_polling = False
ctrl_c_is_heard = True  # see micropython.kbd_intr
_is_ctrl_c_pressed = False
_line = None  # from the host: orders interrupt, too
_line_poller = None
_on_line = None
_kept = []  # what the thread uses: the garbage collector is to find it here, too
_on_watchdog = None


class Alarm:
    """Calls function(alarm) at its time, before any handler runs: what hardware does by itself.

    It may `request` a handler.
    """

    def __init__(self, function):
        self.due_us = NEVER_US
        self._period_us = 0
        self._function = function

    def start(self, after_us, period_us=0):
        """Once after that time, and if there is a period, again and again."""
        hold()
        try:
            if self not in _alarms:
                _alarms.append(self)
            self.due_us = clock.now_us() + after_us
            self._period_us = period_us
            _update_due()
        finally:
            release()
        run()

    def stop(self):
        """Not any more."""
        hold()
        try:
            self.due_us = NEVER_US
            _update_due()
        finally:
            release()

    def ring(self):
        """It is time."""
        self.due_us = self.due_us + self._period_us if self._period_us else NEVER_US
        self._function(self)


def request(handler, argument):
    """Have handler(argument) run with the next `serve`; lost if too many wait already.

    Call it while held, or from an Alarm.
    """
    global _waiting, _is_missed, lost
    if _waiting == _DEPTH:
        lost += 1
        return
    at = (_first + _waiting) % _DEPTH
    _handlers[at] = handler
    _arguments[at] = argument
    _waiting += 1
    _is_missed = True


def serve():
    """Ring what is due and run the handlers that wait, in the main program."""
    global _is_missed, _is_serving
    if _holds:
        _is_missed = True
        return
    if _is_serving:
        return
    _is_serving = True
    try:
        _look()
        while _waiting:
            _handle()
            _look()
    finally:
        _is_serving = False


def hold():
    """No interrupts until `release`; they come then. For a change and its event to be one."""
    global _holds
    _holds += 1


def release():
    """Undo one `hold`."""
    global _holds, _is_missed
    _holds -= 1
    if _is_missed and not _holds:
        _is_missed = False
        serve()


def polling(is_polling):
    """For `select`: does it wait in the built-in one?"""
    global _is_polling
    _is_polling = is_polling


def press_ctrl_c():
    """Ctrl-C at the console: see `raise_ctrl_c`.

    Where it is not heard it is a character like any other.
    """
    global _is_ctrl_c_pressed
    _is_ctrl_c_pressed = ctrl_c_is_heard


def raise_ctrl_c():
    """Raise KeyboardInterrupt if it was pressed. For `select`, where asyncio waits; a program that
    only computes is not reached.

    A callback of micropython.schedule can't raise, and SIGINT would jump out of the unix port's
    very garbage collection.
    """
    global _is_ctrl_c_pressed
    if _is_ctrl_c_pressed:
        _is_ctrl_c_pressed = False
        raise KeyboardInterrupt


def next_due_us():
    """When something is due next, in microseconds since power-on; NEVER_US if nothing is."""
    return min(_shared[_DUE], _shared[_WATCHDOG])


def watch(until_us, action):
    """The watchdog: action() at that time, unless this is called again before."""
    global _on_watchdog
    _on_watchdog = action
    _shared[_WATCHDOG] = until_us
    run()


def use_line(stream, function):
    """Call function() whenever there is something to read in stream. Before anything else runs."""
    global _line, _line_poller, _on_line
    _line, _line_poller, _on_line = stream, line_poller(stream), function
    run()


def line():
    """The stream of `use_line`, or None."""
    return _line


def line_poller(stream):
    """A poller for a stream; each user wants one of its own."""
    import uselect

    poller = uselect.poll()
    poller.register(stream, uselect.POLLIN)
    return poller


def forget():
    """Nothing is due and nothing waits, as after a reset."""
    global _waiting, _holds, _is_serving
    for alarm in _alarms:
        alarm.due_us = NEVER_US
    _shared[_DUE] = _shared[_WATCHDOG] = NEVER_US
    _waiting = _holds = 0
    _is_serving = False


def run():
    """From now on, interrupts come by themselves (never so in virtual time)."""
    global _is_ticking
    if not _is_ticking and not clock.is_virtual():
        import _thread

        _is_ticking = True
        if _line:
            _kept.append(line_poller(_line))
        _thread.start_new_thread(
            _tick, (_shared, _serve_scheduled, _kept[-1] if _kept else None, clock.BEGUN_US)
        )


def _serve_scheduled(_):
    """For micropython.schedule.

    While the program polls it is left to `select`, which can raise what a callback can't.
    """
    _shared[_ASKED] = 0
    if not _is_polling:
        serve()


def _tick(shared, serve, poller, begun_us):
    """The thread."""
    ticks_us, sleep_us, schedule = utime.ticks_us, utime.sleep_us, micropython.schedule
    while True:
        sleep_us(_TICK_US)
        now_us = ticks_us() - begun_us
        if now_us >= shared[_WATCHDOG]:
            os.system(_BITE)
        if shared[_ASKED]:
            continue
        is_wanted = now_us >= shared[_DUE]
        if poller:
            for _ in poller.ipoll(0):
                is_wanted = True
        if is_wanted:
            shared[_ASKED] = 1
            try:
                schedule(serve, None)
            except (
                RuntimeError
            ):  # the firmware's own callbacks fill the queue: at the next tick, then
                shared[_ASKED] = 0


def _look():
    """What has happened?"""
    if _line_poller:
        for _ in _line_poller.ipoll(0):
            _on_line()
    now_us = clock.now_us()
    if now_us >= _shared[_WATCHDOG]:
        _on_watchdog()
    while _shared[_DUE] <= now_us:
        first = _alarms[0]
        for alarm in _alarms:
            if alarm.due_us < first.due_us:
                first = alarm
        first.ring()
        _update_due()


def _update_due():
    due_us = NEVER_US
    for alarm in _alarms:
        due_us = min(due_us, alarm.due_us)
    _shared[_DUE] = due_us


def _handle():
    """Run one handler; what it raises is printed and forgotten, as MicroPython's scheduler does."""
    global _first, _waiting
    handler, argument = _handlers[_first], _arguments[_first]
    _first = (_first + 1) % _DEPTH
    _waiting -= 1
    try:
        handler(argument)
    except (Exception, SystemExit) as error:
        report(error)


def report(error):
    """What a handler raised; a test may want it otherwise."""
    sys.print_exception(error, sys.stderr)
