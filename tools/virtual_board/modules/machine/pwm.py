"""machine.PWM of the ESP32 port."""

from virtual import events, interrupts

from .pin import Pin

_FREQUENCY_HZ = 5000
_FULL = 65535


class PWM:
    """A pin that is high for a part of the time."""

    def __init__(self, dest, freq=None, duty=None, duty_u16=None, duty_ns=None, *, invert=0):
        self._pin = dest if isinstance(dest, Pin) else Pin(dest)
        self._frequency_hz = _FREQUENCY_HZ
        self._duty = 32768
        self._told = None
        self._is_inverted = bool(invert)
        self.init(freq, duty, duty_u16, duty_ns)

    def __repr__(self):
        return "PWM(Pin(%d), freq=%d, duty_u16=%d)" % (self._pin.id, self._frequency_hz, self._duty)

    def init(self, freq=None, duty=None, duty_u16=None, duty_ns=None, *, invert=None):
        """Set what is given. Raises ValueError for what is out of range."""
        if invert is not None:
            self._is_inverted = bool(invert)
        if freq is not None:
            if freq <= 0 or freq > 40000000:
                raise ValueError("frequency must be from 1Hz to 40MHz")
            self._frequency_hz = freq
        if duty is not None:
            self._duty = _in_range(duty, 1023, "duty") * _FULL // 1023
        elif duty_u16 is not None:
            self._duty = _in_range(duty_u16, _FULL, "duty_u16")
        elif duty_ns is not None:
            period_ns = 1000000000 // self._frequency_hz
            self._duty = _in_range(duty_ns, period_ns, "duty_ns") * _FULL // period_ns
        self._tell(_FULL - self._duty if self._is_inverted else self._duty)

    def deinit(self):
        """Stop; the pin is low."""
        self._tell(0)

    def freq(self, value=None):
        """Hz, or set it."""
        if value is None:
            return self._frequency_hz
        self.init(freq=value)

    def duty(self, value=None):
        """0..1023, or set it."""
        if value is None:
            return self._duty * 1023 // _FULL
        self.init(duty=value)

    def duty_u16(self, value=None):
        """0..65535, or set it."""
        if value is None:
            return self._duty
        self.init(duty_u16=value)

    def duty_ns(self, value=None):
        """Nanoseconds, or set it."""
        if value is None:
            return self._duty * (1000000000 // self._frequency_hz) // _FULL
        self.init(duty_ns=value)

    def _tell(self, duty):
        """The duty at the pin."""
        told = duty << 32 | self._frequency_hz
        interrupts.hold()
        try:
            if told != self._told:
                self._told = told
                if events.is_heard:
                    events.emit("pwm", pin=self._pin.id, duty_u16=duty, freq=self._frequency_hz)
        except MemoryError:
            events.miss()
        finally:
            interrupts.release()


def _in_range(value, most, name):
    if not 0 <= value <= most:
        raise ValueError("%s must be from 0 to %d" % (name, most))
    return value
