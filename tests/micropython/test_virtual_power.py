"""The virtual board's power, watchdog, RTC and NVS in virtual time, and the words of its chips' world."""

from tools.virtual_board import virtual_time

virtual_time.install(board=True)

import asyncio
import time

import machine
import micropython
from esp32 import NVS
from machine import RTC, WDT, Timer
from neopixel import NeoPixel
from virtual import events, orders, wiring
from virtual.power import PowerEnded

from tests.support.expect import raises
from tools.virtual_board.virtual_time import Clock


async def _sleep(ms):
    await asyncio.sleep_ms(ms)


def test_a_watchdog_that_is_not_fed_resets():
    seen = []
    events.listen(seen.append)

    async def feed():
        dog = WDT(timeout=1000)
        for _ in range(5):
            await asyncio.sleep_ms(900)
            dog.feed()
        await asyncio.sleep_ms(5000)

    with raises(PowerEnded) as caught:
        virtual_time.run(feed())
    assert Clock.now_ms == 5500 and caught.error.args == (machine.WDT_RESET,)
    assert [(event["kind"], event["t_us"]) for event in seen] == [("wdt", 0), ("reset", 5_500_000)]
    virtual_time.forget_tasks()
    virtual_time.run(_sleep(5000))
    assert Clock.now_ms == 10500
    for wrong in ({"id": 1}, {"timeout": 0}):
        with raises(ValueError):
            WDT(**wrong)


def test_resets_are_told_and_end_everything():
    seen = []
    events.listen(seen.append)
    Timer(0).init(mode=Timer.ONE_SHOT, period=10, callback=lambda timer: machine.reset())
    with raises(PowerEnded) as caught:
        virtual_time.run(_sleep(100))
    assert caught.error.args == (machine.HARD_RESET,) and Clock.now_ms == 10
    assert seen == [{"kind": "reset", "cause": machine.HARD_RESET, "t_us": 10_000}]
    with raises(SystemExit):
        machine.soft_reset()
    assert (
        machine.reset_cause() == machine.PWRON_RESET
        and machine.unique_id() == b"\x24\x0a\xc4\x00\x00\x01"
    )


async def test_the_rtc_begins_in_2000_and_goes_on_from_what_it_was_set_to():
    rtc = RTC()
    assert time.time() == 0 and time.gmtime()[:6] == (2000, 1, 1, 0, 0, 0)
    assert rtc.datetime() == (2000, 1, 1, 5, 0, 0, 0, 0) and rtc.memory() == b""
    rtc.datetime((2028, 2, 29, 0, 23, 59, 59, 250_000))
    await asyncio.sleep_ms(1000)
    assert rtc.datetime() == (2028, 3, 1, 2, 0, 0, 0, 250_000)
    assert (
        time.gmtime(time.time()) == (2028, 3, 1, 0, 0, 0, 2, 61)
        and time.mktime(time.gmtime()) == time.time()
    )
    rtc.memory(b"kept")
    assert RTC().memory() == b"kept"
    with raises(ValueError):
        rtc.memory(bytes(2049))


async def test_nvs_keeps_integers_and_bytes():
    nvs = NVS("pilotlight")
    nvs.set_i32("boots", -3)
    nvs.set_blob("name", b"\x00ab")
    buffer = bytearray(4)
    assert (
        NVS("pilotlight").get_i32("boots") == -3
        and nvs.get_blob("name", buffer) == 3
        and buffer == b"\x00ab\x00"
    )
    nvs.erase_key("boots")
    nvs.commit()
    for call, number in (
        (lambda: nvs.get_i32("boots"), -0x1102),
        (lambda: nvs.get_i32("name"), -0x1102),
        (lambda: nvs.erase_key("boots"), -0x1102),
        (lambda: NVS("other").get_i32("boots"), -0x1102),
        (lambda: nvs.get_blob("name", bytearray(2)), -0x110C),
        (lambda: nvs.set_i32("sixteen_letters_", 1), -0x1109),
    ):
        with raises(OSError) as caught:
            call()
        assert caught.error.errno == number


async def test_a_wiring_is_checked():
    with raises(ValueError):
        wiring.use("toaster")
    wiring.use({"i2c": [{"scl": 1, "sda": 2, "chips": [{"chip": "toaster", "address": 1}]}]})
    with raises(ValueError):
        orders.obey("unplug", address=1)
    wiring.use({"name": "s3", "buttons": [4], "i2c": [], "pressed": [4]})
    assert machine.Pin(4, machine.Pin.IN, machine.Pin.PULL_UP).value() == 0
    assert wiring.strip(48).pixels == [[0, 0, 0]]


async def test_events_for_which_there_is_no_memory_are_counted_and_do_no_harm():
    wiring.use("s3")
    seen = []
    events.listen(seen.append)
    led, pwm, pixel = (
        machine.Pin(2, machine.Pin.OUT),
        machine.PWM(machine.Pin(4)),
        NeoPixel(machine.Pin(48), 1),
    )
    pixel.buf[0] = 1
    told = len(seen)
    micropython.heap_lock()
    led.on()
    pwm.duty_u16(1)
    pixel.write()
    micropython.heap_unlock()
    assert events.lost == 3 and len(seen) == told
    led.off()
    assert seen[-1]["level"] == 0
