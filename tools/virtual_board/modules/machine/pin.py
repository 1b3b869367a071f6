"""machine.Pin of the ESP32 port, and what is wired to it from outside."""

from virtual import events, interrupts

_NOT_GIVEN = object()


class Pin:
    """A GPIO; one object a number, as on the ESP32.

    Beyond the real one: `drive(level)` is the outside world's.
    """

    IN, OUT, OPEN_DRAIN = 1, 3, 7
    PULL_DOWN, PULL_UP = 1, 2
    IRQ_RISING, IRQ_FALLING, WAKE_LOW, WAKE_HIGH = 1, 2, 4, 5
    DRIVE_0, DRIVE_1, DRIVE_2, DRIVE_3 = 0, 1, 2, 3

    _pins = {}

    def __new__(cls, id, *args, **kwargs):
        if isinstance(id, Pin):
            return id
        # One range for ESP32 and S3, though each lacks some of it.
        if not isinstance(id, int) or not 0 <= id <= 48:
            raise ValueError("invalid pin")
        if id not in cls._pins:
            pin = object.__new__(cls)
            cls._pins[id] = pin
            pin.id = id
            pin._mode = cls.IN
            pin._pull = 0
            pin._output = 0
            pin._driven = None
            pin._level = 0
            pin._told = None
            pin._irq = Irq(pin)
        return cls._pins[id]

    def __init__(
        self, id, mode=_NOT_GIVEN, pull=-1, *, value=_NOT_GIVEN, drive=_NOT_GIVEN, hold=_NOT_GIVEN
    ):
        if mode is not _NOT_GIVEN or pull != -1 or value is not _NOT_GIVEN:
            self.init(
                None if mode is _NOT_GIVEN else mode, pull, value=value, drive=drive, hold=hold
            )

    def __repr__(self):
        return "Pin(%d)" % self.id

    def init(self, mode=None, pull=-1, *, value=_NOT_GIVEN, drive=_NOT_GIVEN, hold=_NOT_GIVEN):
        """Set up: IN, OUT or OPEN_DRAIN; None and -1 leave things as they are."""
        if mode is not None and mode not in (self.IN, self.OUT, self.OPEN_DRAIN):
            raise ValueError("invalid mode %r" % mode)
        if value is not _NOT_GIVEN:
            self._output = 1 if value else 0
        if mode is not None:
            self._mode = mode
        if pull != -1:
            self._pull = pull or 0
        self._changed()

    def value(self, x=_NOT_GIVEN):
        """The level, or set it."""
        if x is _NOT_GIVEN:
            return self._level
        self._output = 1 if x else 0
        self._changed()

    __call__ = value

    def on(self):
        """High."""
        self.value(1)

    def off(self):
        """Low."""
        self.value(0)

    def toggle(self):
        """The other level."""
        self.value(1 - self._output)

    def irq(self, handler=None, trigger=IRQ_RISING | IRQ_FALLING, wake=None):
        """Have handler(pin) called at edges, None: not any more."""
        self._irq.handler = handler
        self._irq.trigger_ = trigger if handler else 0
        if handler:
            interrupts.run()
        return self._irq

    def drive(self, level):
        """From outside: pull it to a level, or let go with None."""
        self._driven = level
        self._changed()

    def _seen(self):
        """The level at the pin."""
        if self._mode == self.OUT:
            return self._output
        if self._mode == self.OPEN_DRAIN and not self._output:
            return 0
        if self._driven is not None:
            return self._driven
        return 1 if self._pull & self.PULL_UP or self._mode == self.OPEN_DRAIN else 0

    def _tell(self, level):
        if events.is_heard:
            try:
                events.emit("pin", pin=self.id, level=level)
            except MemoryError:
                events.miss()

    def _changed(self):
        interrupts.hold()
        try:
            level = self._seen()
            if self._mode != self.IN and level != self._told:
                self._told = level
                self._tell(level)
            if level != self._level:
                self._level = level
                if self._irq.trigger_ & (self.IRQ_RISING if level else self.IRQ_FALLING):
                    interrupts.request(self._irq.handler, self)
        finally:
            interrupts.release()


class Irq:
    """What Pin.irq returns."""

    def __init__(self, pin):
        self._pin = pin
        self.handler = None
        self.trigger_ = 0

    def __call__(self):
        self.handler(self._pin)

    def trigger(self, trigger=None):
        """The trigger, or another one."""
        before = self.trigger_
        if trigger is not None:
            self.trigger_ = trigger
        return before
