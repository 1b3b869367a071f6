"""machine.Timer of the ESP32 port: a handler that already waits runs, even after deinit."""

from virtual import interrupts

_HARDWARE_TIMERS = 4


class Timer:
    """Timers 0 to 3 are one object each; with -1 every call makes a timer of its own."""

    ONE_SHOT, PERIODIC = 0, 1

    _timers = {}

    def __new__(cls, id, **kwargs):
        if not -1 <= id < _HARDWARE_TIMERS:
            raise ValueError("invalid Timer number, max %d" % _HARDWARE_TIMERS)
        timer = cls._timers.get(id)
        if timer is None:
            timer = object.__new__(cls)
            timer._callback = None
            timer._alarm = interrupts.Alarm(timer._on_alarm)
            if id >= 0:
                cls._timers[id] = timer
        return timer

    def __init__(self, id, **kwargs):
        if kwargs:
            self.init(**kwargs)

    def init(
        self,
        *,
        mode=PERIODIC,
        callback=None,
        period=0xFFFFFFFF,
        tick_hz=1000,
        freq=None,
        hard=False,
    ):
        """Start: callback(timer) after a period, in ticks of tick_hz, or at a frequency in Hz."""
        self._alarm.stop()
        if hard:
            raise ValueError("hard Timers are not implemented")
        self._callback = callback
        period_us = int(1000000 / freq) if freq is not None else period * 1000000 // tick_hz
        self._alarm.start(period_us, period_us if mode else 0)

    def deinit(self):
        """Stop."""
        self._alarm.stop()

    def _on_alarm(self, _):
        if self._callback:
            interrupts.request(self._callback, self)
