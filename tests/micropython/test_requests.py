"""One REST request at a time, and what each answer teaches, in virtual time."""

import asyncio

from tools.virtual_board import virtual_time

virtual_time.install()

import time

from pilotlight.core import Core
from pilotlight.frameio_api import ApiError
from pilotlight.net.errors import Unreachable
from pilotlight.proof import Proof
from pilotlight.requests import Requests
from pilotlight.schedule import Schedule
from pilotlight.times import Times
from tests.support.expect import raises


class Host:
    """Storage and clock for a Core."""

    def load(self, name):
        return None

    def save(self, name, record):
        pass

    def now_s(self):
        return 1_800_000_000


def made():
    """A Core and its Requests."""
    core = Core(None, Host(), Host(), Times())
    schedule = Schedule(core.times, time.ticks_ms())
    return core, Requests(core, schedule, Proof(core, schedule), 2)


async def test_what_waits_for_the_slot_is_not_sent_after_a_429():
    _, requests = made()
    sent = []

    async def limited():
        await asyncio.sleep_ms(1_000)
        error = ApiError("rate_limited", "HTTP status 429")
        error.wait_ms = 5_000
        raise error

    async def answered():
        sent.append(True)

    first = asyncio.create_task(requests.ask(limited()))
    await asyncio.sleep_ms(100)
    assert requests.ready()
    with raises(ApiError):
        await requests.ask(answered())
    with raises(ApiError):
        await first
    assert not sent and not requests.ready()
    await asyncio.sleep_ms(7_500)  # what was asked for, times 1.5 at most
    assert requests.ready()
    await requests.ask(answered())
    assert sent


async def test_an_answer_takes_the_reason_of_a_failure_back():
    core, requests = made()

    async def failed():
        raise Unreachable("no_route", "there is no route")

    async def starved():
        raise MemoryError

    async def answered():
        return "answer"

    for request, reason in ((failed, "no_route"), (starved, "memory")):
        with raises(Unreachable):
            await requests.ask(request())
        assert core.status.request_reason == reason and not core.status.connected
        assert await requests.ask(answered()) == "answer"
        assert core.status.request_reason is None and core.status.connected
        requests.proof.end()


async def test_only_requests_in_a_row_without_memory_are_counted():
    core, requests = made()
    core.status.update(joined=True)

    async def starved():
        raise MemoryError

    async def failed():
        raise Unreachable("no_route", "there is no route")

    async def answered():
        return "answer"

    for request in (answered, failed):
        for count in (1, 2):
            with raises(Unreachable):
                await requests.ask(starved())
            assert requests.starved == count
        try:
            await requests.ask(request())
        except Unreachable:
            pass
        assert requests.starved == 0


async def test_the_slot_is_taken_while_it_is_handed_on():
    _, requests = made()
    slot = requests.slot
    seen = []

    async def wait_for_it():
        async with slot:
            seen.append(slot.locked())

    async with slot:
        task = asyncio.create_task(wait_for_it())
        await asyncio.sleep_ms(1)
    seen.append(slot.locked())  # the other one has not run yet
    await task
    seen.append(slot.locked())
    assert seen == [True, True, False], seen


async def test_the_slot_is_given_in_the_order_in_which_it_was_asked_for():
    """Who is cancelled while waiting, or in the turn in which it is handed on, hands it on."""
    _, requests = made()
    slot = requests.slot
    seen = []

    async def take(name):
        async with slot:
            seen.append(name)
            await asyncio.sleep_ms(10)

    await slot.acquire()
    tasks = [asyncio.create_task(take(name)) for name in range(6)]
    await asyncio.sleep_ms(1)
    tasks[2].cancel()
    await asyncio.sleep_ms(1)
    slot.release()
    tasks[0].cancel()  # it has the slot, and has not run yet
    for task in tasks:
        try:
            await task
        except asyncio.CancelledError:
            pass
    assert seen == [1, 3, 4, 5], seen
    assert not slot.locked()


async def test_a_task_that_holds_the_slot_is_told_that_it_would_wait_for_ever():
    _, requests = made()

    async def answered():
        return "answer"

    async with requests.slot:
        request = answered()
        with raises(RuntimeError):
            await requests.ask(request)
        request.close()
    assert await requests.ask(answered()) == "answer"
