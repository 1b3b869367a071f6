"""Interrupts of the virtual board in real time: between two bytecodes of a program that computes, sleeps or waits in asyncio."""

from tools.virtual_board import module_path

module_path.install()

import asyncio
import select
import time

from machine import Pin, Timer, disable_irq, enable_irq
from virtual import orders

from tests.support import server

_DEADLINE_MS = 60_000  # ends what hangs; a busy machine may be late


def _compute():
    """Compute, and make garbage."""
    {str(number): bytearray(number) for number in range(50)}


def _until(rows, count, step):
    """Take this step again and again until there are so many rows."""
    begun = time.ticks_ms()
    while len(rows) < count:
        step()
        assert time.ticks_diff(time.ticks_ms(), begun) < _DEADLINE_MS, "no interrupts"


def test_they_come_while_the_program_computes_and_sleeps():
    rows = []
    Timer(0).init(period=5, callback=rows.append)
    _until(rows, 100, _compute)
    _until(rows, 110, lambda: time.sleep_ms(20))
    assert rows[0] is Timer(0)


def test_they_come_while_asyncio_waits():
    rows = []
    flag = asyncio.ThreadSafeFlag()

    async def wait():
        Timer(0).init(period=5, callback=rows.append)
        while len(rows) < 3:  # the runner ends it if they do not come
            await asyncio.sleep_ms(20)
        Timer(0).init(mode=Timer.ONE_SHOT, period=5, callback=lambda timer: flag.set())
        await flag.wait()

    asyncio.run(wait())


def test_they_come_at_no_time_before_theirs():
    early = []
    due = [0]

    def on_timer(timer):
        early.append(time.ticks_diff(due[0], time.ticks_us()))

    async def wait():
        for ms in (1, 2, 3, 7, 20):
            due[0] = time.ticks_add(time.ticks_us(), ms * 1000)
            Timer(0).init(mode=Timer.ONE_SHOT, period=ms, callback=on_timer)
            await asyncio.sleep_ms(ms + 5)

    asyncio.run(wait())
    assert len(early) == 5 and max(early) <= 0, early


def test_a_program_can_hold_them_off():
    rows = []
    state = disable_irq()
    Timer(0).init(period=5, callback=rows.append)
    time.sleep_ms(30)
    orders.obey("press", pin=0)
    assert rows == []
    enable_irq(state)
    assert rows


def test_a_pin_interrupts_whoever_moves_it():
    rows = []
    pin = Pin(4, Pin.OUT)
    pin.irq(rows.append, Pin.IRQ_RISING)
    pin.on()
    pin.off()
    pin.on()
    assert rows == [pin, pin]


def test_poll_waits_as_long_as_the_built_in_one():
    rows = []
    Timer(0).init(period=5, callback=rows.append)
    poller = select.poll()
    flag = asyncio.ThreadSafeFlag()
    poller.register(flag, select.POLLIN)
    begun = time.ticks_ms()
    assert poller.poll(0) == [] and poller.poll(40) == [] and list(poller.ipoll(0)) == []
    assert 40 <= time.ticks_diff(time.ticks_ms(), begun) < _DEADLINE_MS and rows
    Timer(1).init(mode=Timer.ONE_SHOT, period=20, callback=lambda timer: flag.set())
    assert poller.poll() == [(flag, select.POLLIN)] and poller.poll(0) == [(flag, select.POLLIN)]
    poller.modify(flag, 0)
    assert poller.poll(0) == []
    poller.unregister(flag)
    assert poller.poll(0) == []


async def test_streams_work_while_timers_interrupt():
    rows = []
    Timer(0).init(period=2, callback=rows.append)

    async def echo(reader, writer):
        while True:
            data = await reader.read(1000)
            if not data:
                break
            await asyncio.sleep_ms(3)
            writer.write(data)
            await writer.drain()

    _, endpoint = await server.start(echo)
    reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
    number = 0
    while len(rows) < 20 or number < 20:
        number += 1
        sent = bytes([number & 0xFF]) * 900
        writer.write(sent)
        await writer.drain()
        assert await reader.readexactly(900) == sent
    Timer(0).init(
        mode=Timer.ONE_SHOT, period=5, callback=lambda timer: writer.s.send(b"from a handler")
    )
    assert await asyncio.wait_for_ms(reader.read(100), _DEADLINE_MS) == b"from a handler"
