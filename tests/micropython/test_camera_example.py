"""examples/camera.py against a card, a Frame.io and a storage that fail halfway."""

from tools.virtual_board import virtual_time

virtual_time.install()

import asyncio

from examples import camera
from firmware.application import Application
from pilotlight import ApiError, NetError
from pilotlight.net.errors import Unreachable
from pilotlight.net.storage_answer import PutFailed
from pilotlight.requests import Slot
from pilotlight.status import DeviceStatus

PART_BYTES = camera.PART_BYTES
DAY_S = 86_400


class Calls:
    """Counts the calls that the uploader makes, and fails the one that `errors` has."""

    def __init__(self):
        self.count = 0
        self.errors = {}

    def made(self):
        self.count += 1
        error = self.errors.get(self.count)
        if error is not None:
            raise error


class Card:
    """The uploader's `os` and `open`. sizes: file → bytes."""

    def __init__(self, calls):
        self.sizes = {}
        self._calls = calls

    def listdir(self, folder):
        self._calls.made()
        return list(self.sizes)

    def stat(self, path):
        self._calls.made()
        return (0, 0, 0, 0, 0, 0, self.sizes[path.rpartition("/")[2]], 0, DAY_S, 0)

    def open(self, path, mode):
        self._calls.made()
        return File()


class File:
    """An open file, of which nothing is read here."""

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        pass


class World:
    """The camera's application with all that it calls. troubles: (clip, part) → its errors.

    asked: the clips that Frame.io gave addresses for. parts: what was stored, as (clip, part).
    shown: the lines that were shown. rows: with each, those of its page. saved: the last record.
    is_full: no other can be saved.
    """

    def __init__(self, **sizes):
        self.calls, self.troubles = Calls(), {}
        self.asked, self.parts, self.shown, self.rows, self.saved = [], [], [], [], None
        self.is_full = False
        self.status = DeviceStatus()
        self.status.update(connected=True, joined=True, paused=False)
        self.card = camera.os = Card(self.calls)
        camera.open = self.card.open
        for name, size_bytes in sizes.items():
            self.card.sizes[name + ".mp4"] = size_bytes
        camera.StoredRoots = Roots
        camera.PutClient = self.storage
        self.log = []
        camera.log = self.log.append
        self._slot = Slot()
        self.application = Application(self, self, None, self)
        self.application.show = self.show
        self.tasks = [asyncio.create_task(job) for job in camera.extra(self.application)]

    def now_s(self):
        return 2 * DAY_S

    def load(self, name):
        return self.saved

    def save(self, name, record):
        self.calls.made()
        if self.is_full:
            raise OSError(28)
        self.saved = dict(record)

    def upload_slot(self):
        return self._slot

    async def request(self, method, path, asset):
        self.calls.made()
        for error in self.troubles.pop(asset["name"], ()):
            raise error
        self.asked.append(asset["name"])
        return {"upload_urls": [(asset["name"], part) for part in range(asset["parts"])]}

    def storage(self, roots):
        return self

    async def put(self, url, file, begin, count, headers, moved):
        self.calls.made()
        await asyncio.sleep(1)
        moved(count // 2)
        await asyncio.sleep(1)
        errors = self.troubles.get(url)
        if errors:
            raise errors.pop(0)
        moved(count)
        self.parts.append(url)

    def show(self, line, badge, is_uploading, pages):
        self.calls.made()
        self.shown.append(line)
        ((_, rows),) = pages
        self.rows.append(rows)

    async def done(self):
        """Wait until nothing is left, and shown so."""
        await self.until(lambda: self.parts and self.shown[-1] == "0 clips left")

    async def until(self, test):
        """Wait until test() is true."""
        for _ in range(1_000):
            if test():
                return
            await asyncio.sleep(1)
        raise AssertionError((self.shown[-3:], self.rows[-3:], self.log))


class Roots(list):
    def forget(self):
        pass


def lost():
    return Unreachable("reset", "the connection was reset")


def parts_of(name, count):
    return [(name, part) for part in range(count)]


async def test_a_clip_goes_on_at_its_part_also_behind_the_others():
    world = World(A=4 * PART_BYTES, B=3 * PART_BYTES, C=2 * PART_BYTES)
    world.troubles["A.mp4", 2] = [lost() for _ in range(3)]  # then the others come first
    world.troubles["C.mp4", 0] = [lost()]
    await world.done()
    assert world.asked == ["A.mp4", "B.mp4", "C.mp4"]
    first, last = parts_of("A.mp4", 2), [("A.mp4", 2), ("A.mp4", 3)]
    assert world.parts == first + parts_of("B.mp4", 3) + parts_of("C.mp4", 2) + last
    assert "1 clip left, 50 %" in world.shown  # it begins where it was
    assert world.saved == {"A.mp4": camera.DONE, "B.mp4": camera.DONE, "C.mp4": camera.DONE}


async def test_a_part_that_is_stored_keeps_its_clip_the_first():
    world = World(A=4 * PART_BYTES, B=1)
    for part in range(4):
        world.troubles["A.mp4", part] = [lost(), lost()]
    await world.done()
    assert world.parts == parts_of("A.mp4", 4) + [("B.mp4", 0)] and len(world.asked) == 2


async def test_a_clip_with_an_expired_address_is_begun_again():
    world = World(A=3 * PART_BYTES)
    world.troubles["A.mp4", 1] = [PutFailed("address_expired", "the address has expired")]
    await world.done()
    assert world.asked == ["A.mp4"] * 2
    assert world.parts == [("A.mp4", 0)] + parts_of("A.mp4", 3)


async def test_one_that_is_stopped_goes_on_at_its_part():
    world = World(A=2 * PART_BYTES)
    await asyncio.sleep_ms(3_500)  # in its second part
    assert world.application.on_press("double")
    await asyncio.sleep(60)
    assert world.shown[-1] == "1 clip left, stopped" and world.parts == [("A.mp4", 0)]
    assert world.application.on_press("double")
    await world.done()
    assert world.asked == ["A.mp4"] and world.parts == parts_of("A.mp4", 2)


async def test_addresses_are_kept_of_two_clips_the_new_one_and_the_furthest():
    world = World(A=3 * PART_BYTES, B=2 * PART_BYTES, C=1)
    world.troubles["A.mp4", 2] = [lost() for _ in range(3)]
    world.troubles["B.mp4", 0] = [lost() for _ in range(3)]
    world.troubles["C.mp4", 0] = [lost() for _ in range(3)]
    await world.done()
    assert world.asked.count("A.mp4") == 1 and world.parts[:2] == parts_of("A.mp4", 2)
    assert len(world.parts) == 6


async def test_one_lack_of_memory_or_of_the_card_costs_one_try():
    """At each call in turn: none ends a task, and each clip is uploaded."""
    world = World(A=2 * PART_BYTES, B=1)
    await world.done()
    calls = world.calls.count
    assert calls > 20
    for kind in (MemoryError, OSError):
        for number in range(1, calls):
            world = World(A=2 * PART_BYTES, B=1)
            world.calls.errors[number] = kind()
            await world.done()
            assert set(world.parts) == set(parts_of("A.mp4", 2) + [("B.mp4", 0)]), number
            assert not [task for task in world.tasks if task.done()]
            for task in world.tasks:
                task.cancel()


async def test_what_is_left_done_and_failed_is_shown():
    world = World(A=8_000_000, B=2_000_000, C=1)
    refusal = ApiError("http_error", "409")
    refusal.status, refusal.says = 409, "Channel Paused"
    world.troubles["C.mp4"] = [refusal]
    world.troubles["A.mp4", 0] = [lost() for _ in range(100)]
    await world.until(lambda: world.rows and world.rows[-1][2] == "1 failed")
    assert len(world.log) == camera.TRIES
    at_its_half = ["6 MB left", "0 done", "0 failed", "0 stay on the card"]
    assert world.rows[world.shown.index("3 clips left, 50 %")] == at_its_half
    left = ["8 MB left", "1 done", "1 failed", "1 stay on the card"]
    await world.until(lambda: world.rows[-1] == left)
    assert world.shown[-1][:11] == "1 clip left"
    world.troubles.clear()
    await world.done()
    assert world.rows[-1] == ["0 MB left", "2 done", "0 failed", "1 stay on the card"]


async def test_a_clip_that_was_made_in_a_pause_is_refused_once():
    world = World(A=1, B=1)
    refusal = ApiError("http_error", "409")
    refusal.status, refusal.says = 409, "Channel Paused"
    world.troubles["A.mp4"] = [refusal]
    await world.done()
    assert world.asked == ["B.mp4"] and world.saved["A.mp4"] == camera.REFUSED


async def test_a_wait_that_is_asked_for_is_kept_even_if_nothing_can_be_stored():
    world = World(A=1)
    world.is_full = True
    error = NetError("try_later", "later")
    error.wait_ms = 100_000
    world.troubles["A.mp4", 0] = [error]
    begun_ms = virtual_time.Clock.now_ms
    await world.done()
    assert virtual_time.Clock.now_ms - begun_ms > 100_000
