"""The virtual board's pins, PWM, pixels, I2C and timers in virtual time: what the firmware does is told when it does it."""

from tools.virtual_board import virtual_time

virtual_time.install(board=True)

import asyncio
import sys

import micropython
from chips.i2c_bus import Bus
from machine import I2C, PWM, Pin, Signal, SoftI2C, Timer
from neopixel import NeoPixel
from virtual import events, interrupts, orders, wiring

from tests.support.expect import raises
from tools.virtual_board.virtual_time import Clock


class Seen:
    """What the board has told of one kind: (ms, other fields in alphabetical order)."""

    def __init__(self, kind):
        self.rows = []
        self._kind = kind
        events.listen(self._on_event)

    def _on_event(self, event):
        if event["kind"] == self._kind:
            fields = [event[key] for key in sorted(event) if key not in ("kind", "t_us")]
            self.rows.append(tuple([event["t_us"] // 1000] + fields))


async def test_outputs_tell_their_edges_and_inputs_what_is_wired_to_them():
    seen = Seen("pin")
    led = Pin(2, Pin.OUT)
    assert Pin(2) is led and led.value() == 0
    await asyncio.sleep_ms(5)
    led.on()
    led(1)
    await asyncio.sleep_ms(7)
    led.toggle()
    low = Signal(Pin(4, Pin.OUT, value=1), invert=True)
    low.on()
    assert low.value() == 1 and Pin(4).value() == 0
    Pin(2, Pin.OUT, value=1)
    assert seen.rows == [(0, 0, 2), (5, 1, 2), (12, 0, 2), (12, 1, 4), (12, 0, 4), (12, 1, 2)]
    button = Pin(0, Pin.IN, Pin.PULL_UP)
    assert button.value() == 1
    orders.obey("press", pin=0)
    assert button.value() == 0
    orders.obey("release", pin=0)
    assert button.value() == 1 and len(seen.rows) == 6
    for wrong in (-1, 49, "D2", None):
        with raises(ValueError):
            Pin(wrong)
    with raises(ValueError):
        orders.obey("press", pin=5)
    with raises(ValueError):
        orders.obey("kick", pin=0)


async def test_pwm_tells_what_reaches_the_pin():
    seen = Seen("pwm")
    pwm = PWM(Pin(2), freq=1000, duty_u16=0)
    pwm.duty_u16(0)
    await asyncio.sleep_ms(3)
    pwm.duty_u16(65535)
    pwm.freq(2000)
    pwm.duty(0)
    pwm.duty_ns(250_000)
    assert (pwm.freq(), pwm.duty_u16(), pwm.duty(), pwm.duty_ns()) == (2000, 32767, 511, 249_996)
    pwm.deinit()
    PWM(Pin(4), freq=100, duty_u16=65535, invert=1)
    assert seen.rows == [
        (0, 0, 1000, 2),
        (3, 65535, 1000, 2),
        (3, 65535, 2000, 2),
        (3, 0, 2000, 2),
        (3, 32767, 2000, 2),
        (3, 0, 2000, 2),
        (3, 0, 100, 4),
    ]
    for wrong in (
        {"duty_u16": 65536},
        {"duty": -1},
        {"freq": 0},
        {"duty_ns": 2_000_000, "freq": 1000},
    ):
        with raises(ValueError):
            PWM(Pin(2), **wrong)


async def test_pixels_show_red_green_blue():
    wiring.use({"pixels": [{"pin": 48, "count": 2}]})
    seen = Seen("neopixel")
    strip = NeoPixel(Pin(48), 3)
    strip[0] = (1, 2, 3)
    strip.write()
    await asyncio.sleep_ms(4)
    strip.write()
    strip.fill((9, 8, 7))
    strip.write()
    assert seen.rows == [(0, 48, [[1, 2, 3], [0, 0, 0]]), (4, 48, [[9, 8, 7], [9, 8, 7]])]
    assert len(strip) == 3 and strip[2] == (9, 8, 7)
    NeoPixel(Pin(5), 1).write()
    assert len(seen.rows) == 2


class Deaf:
    """A chip that acknowledges anything."""

    def write(self, data):
        pass


class Chip:
    """Keeps what it was sent."""

    def __init__(self):
        self.plugged = True
        self.written = []

    def write(self, data):
        self.written.append(bytes(data))

    def read(self, count):
        return bytes(range(count))

    def unplug(self):
        self.plugged = False

    def plug(self):
        self.plugged = True


async def test_a_transaction_reaches_the_chip_in_one_piece_or_fails_as_on_an_esp32():
    wiring.use({"i2c": [{"scl": 9, "sda": 8, "chips": []}]})
    chip = Chip()
    wiring.bus(9, 8).attach(0x3C, chip)
    for i2c in (I2C(0, scl=Pin(9), sda=Pin(8), freq=400_000), SoftI2C(Pin(9), Pin(8))):
        chip.written.clear()
        assert i2c.scan() == [0x3C]
        assert i2c.writeto(0x3C, b"ab") == 2
        assert i2c.writevto(0x3C, (b"\x40", bytearray(b"xyz"))) == 4
        i2c.writeto_mem(0x3C, 0x1234, b"!", addrsize=16)
        assert i2c.readfrom_mem(0x3C, 7, 3) == b"\x00\x01\x02"
        buffer = bytearray(2)
        i2c.readfrom_into(0x3C, buffer)
        assert buffer == b"\x00\x01" and i2c.readfrom(0x3C, 1) == b"\x00"
        assert chip.written == [b"ab", b"\x40xyz", b"\x12\x34!", b"\x07"]
        for call in (
            i2c.writeto,
            i2c.readfrom_into,
            lambda address, data: i2c.writevto(address, (data,)),
        ):
            with raises(OSError) as caught:
                call(0x3D, bytearray(1))
            assert caught.error.errno == 19
        orders.obey("unplug", address=0x3C)
        assert i2c.scan() == []
        with raises(OSError) as caught:
            i2c.writeto(0x3C, b"a")
        assert caught.error.errno == 19
        orders.obey("plug", address=0x3C)
        assert i2c.writeto(0x3C, b"a") == 1
    with raises(ValueError):
        orders.obey("unplug", address=0x3D)
    with raises(ValueError):
        I2C(2)
    with raises(OSError):
        I2C(0, scl=Pin(22), sda=Pin(21)).writeto(0x3C, b"a")
    assert isinstance(wiring.bus(1, 2), Bus)


class Display:
    """What chips.screen needs of an SSD1306."""

    def __init__(self, width, height):
        self.watchers = []
        self.on = False
        self.contrast = 0x7F
        self.lit = 0

    def write(self, data):
        self.on, self.contrast, self.lit = data
        self.watchers[0]()

    def picture(self):
        return bytes([self.lit]) * 16


Display.SSD1306 = Display  # the module, too


async def test_a_screen_is_told_once_when_its_picture_is_whole():
    sys.modules["chips.ssd1306"] = Display
    wiring.use(
        {
            "i2c": [
                {
                    "scl": 9,
                    "sda": 8,
                    "chips": [{"chip": "ssd1306", "address": 0x3D, "width": 16, "height": 8}],
                }
            ]
        }
    )
    seen = Seen("screen")
    i2c = SoftI2C(9, 8)
    await asyncio.sleep_ms(10)
    for lit in (1, 2, 3):
        i2c.writeto(0x3D, bytes((1, 0xCF, lit)))
        await asyncio.sleep_ms(1)
    await asyncio.sleep_ms(50)
    i2c.writeto(0x3D, bytes((1, 0xCF, 3)))
    await asyncio.sleep_ms(50)
    i2c.writeto(0x3D, bytes((0, 0xCF, 0)))
    await asyncio.sleep_ms(50)
    assert seen.rows == [
        (15, 0x3D, "AwMDAwMDAwMDAwMDAwMDAw==", 0xCF, 8, True, 16),
        (118, 0x3D, "AAAAAAAAAAAAAAAAAAAAAA==", 0xCF, 8, False, 16),
    ]


async def test_timers_call_back_at_their_millisecond():
    rows = []
    once, again, chain, soft = Timer(0), Timer(1), Timer(2), Timer(-1)
    assert Timer(0) is once and Timer(-1) is not soft

    def on_chain(timer):
        rows.append((Clock.now_ms, "chain", timer is chain))
        timer.init(mode=Timer.ONE_SHOT, period=30, callback=on_chain)

    once.init(
        mode=Timer.ONE_SHOT,
        period=25,
        callback=lambda timer: rows.append((Clock.now_ms, "once", timer is once)),
    )
    again.init(freq=25, callback=lambda timer: rows.append((Clock.now_ms, "again", timer is again)))
    chain.init(mode=Timer.ONE_SHOT, period=30, callback=on_chain)
    soft.init(
        mode=Timer.PERIODIC,
        period=10,
        callback=lambda timer: rows.append((Clock.now_ms, "soft", timer is soft)),
    )
    await asyncio.sleep_ms(20)
    soft.deinit()
    await asyncio.sleep_ms(80)
    again.deinit()
    chain.deinit()
    await asyncio.sleep_ms(1000)
    times = [(row[0], row[1]) for row in rows]
    assert times == [
        (10, "soft"),
        (20, "soft"),
        (25, "once"),
        (30, "chain"),
        (40, "again"),
        (60, "chain"),
        (80, "again"),
        (90, "chain"),
    ]
    assert all([row[2] for row in rows])
    for wrong in (-2, 4):
        with raises(ValueError):
            Timer(wrong)
    with raises(ValueError):
        once.init(period=1, callback=print, hard=True)


async def test_a_handler_that_waits_already_runs_though_its_timer_was_stopped():
    rows = []
    first, second = Timer(0), Timer(1)

    def on_first(timer):
        rows.append("first")
        second.deinit()

    first.init(mode=Timer.ONE_SHOT, period=10, callback=on_first)
    second.init(mode=Timer.ONE_SHOT, period=10, callback=lambda timer: rows.append("second"))
    await asyncio.sleep_ms(50)
    assert rows == ["first", "second"]


async def test_a_handler_that_raises_does_no_harm():
    rows, errors = [], []
    interrupts.report = lambda error: errors.append(type(error))
    Timer(0).init(period=10, callback=lambda timer: 1 // 0)
    Timer(1).init(period=10, callback=lambda timer: rows.append(Clock.now_ms))
    await asyncio.sleep_ms(25)
    assert rows == [10, 20] and errors == [ZeroDivisionError, ZeroDivisionError]


async def test_the_ninth_handler_that_waits_is_lost():
    rows = []
    pin = Pin(0, Pin.IN, Pin.PULL_UP)
    pin.irq(lambda pin: rows.append(pin.value()))
    interrupts.hold()
    for _ in range(5):
        orders.obey("press", pin=0)
        orders.obey("release", pin=0)
    assert rows == []
    interrupts.release()
    assert rows == [1] * 8 and interrupts.lost == 2


async def test_contacts_bounce_and_a_press_ends_by_itself():
    wakes = []
    edges = []
    flag = asyncio.ThreadSafeFlag()
    pin = Pin(0, Pin.IN, Pin.PULL_UP)

    def on_edge(pin):
        edges.append((Clock.now_ms, pin.value()))
        flag.set()

    async def wait():
        while True:
            await flag.wait()
            wakes.append(Clock.now_ms)

    pin.irq(handler=on_edge, trigger=Pin.IRQ_FALLING | Pin.IRQ_RISING)
    asyncio.create_task(wait())
    await asyncio.sleep_ms(100)
    orders.obey("press", pin=0, ms=70, bounces=1)
    await asyncio.sleep_ms(200)
    assert edges == [(100, 0), (101, 1), (102, 0), (170, 1), (171, 0), (172, 1)]
    assert wakes == [100, 101, 102, 170, 171, 172]
    edges.clear()
    pin.irq(handler=on_edge, trigger=Pin.IRQ_FALLING)
    orders.obey("press", pin=0, ms=5)
    await asyncio.sleep_ms(10)
    pin.irq(handler=None)
    orders.obey("press", pin=0, ms=5)
    await asyncio.sleep_ms(10)
    assert edges == [(300, 0)]


async def test_what_is_not_heard_costs_the_firmware_no_memory():
    seen = Seen("pin")
    events.ignore(seen._on_event)
    led, pwm, timer, strip = Pin(2, Pin.OUT), PWM(Pin(4)), Timer(0), NeoPixel(Pin(48), 1)
    wiring.use({"pixels": [{"pin": 48, "count": 1}], "i2c": [{"scl": 9, "sda": 8, "chips": []}]})
    wiring.bus(9, 8).attach(0x3C, Deaf())
    i2c = I2C(0, scl=Pin(9), sda=Pin(8))
    parts = [b"\x40", bytearray(128)]
    i2c.writevto(0x3C, parts)
    rings = bytearray(1)

    def on_timer(timer):
        rings[0] += 1

    timer.init(mode=Timer.ONE_SHOT, period=1, callback=on_timer)
    micropython.heap_lock()
    for level in (1, 0, 1):
        led.value(level)
        pwm.duty_u16(level)
        strip.buf[0] = level
        strip.write()
        i2c.writeto(0x3C, parts[1])
        i2c.writevto(0x3C, parts)
        timer.init(mode=Timer.ONE_SHOT, period=1, callback=on_timer)
        virtual_time.pass_ms(2)
    micropython.heap_unlock()
    assert rings[0] == 3 and seen.rows == []
