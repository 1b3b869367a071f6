"""A camera: the stock firmware, which keeps it online and shows so, and an uploader of its own.

    MICROPYPATH=.:lib:.frozen .venv/bin/micropython examples/camera.py

It uploads each .mp4 in the folder `clips`. On a board it is /camera.py, the card is mounted at
/clips, and main.py has `supervisor.run(extra=camera.extra)`. A double press stops, or goes on.
"""

import asyncio
import os
import random

from firmware import app
from firmware.application import Application
from firmware.stored_roots import StoredRoots
from firmware.text_output import log
from firmware.timestamps import EPOCH_S
from pilotlight import ApiError, NetError, Times
from pilotlight.net.backoff import Backoff
from pilotlight.net.http_put import PutClient

FOLDER = "clips"
RECORD = "camera_clips"  # name → failures since a part was stored, or:
DONE, REFUSED = -1, -2
TRIES = 3  # then the other clips come first
PART_BYTES = 5 << 20  # storage takes no smaller ones, but for the last
MOST_PARTS = 10  # their addresses come in one answer of at most 8 kB
HEADERS = (("Content-Type", "video/mp4"), ("x-amz-acl", "private"))  # the addresses want both
FINAL = ("address_expired", "put_refused", "moved", "source_ended")  # for an address


class Uploader:
    def __init__(self, application: Application) -> None:
        self._app, self._agent = application, application.agent
        roots = StoredRoots()
        roots.forget()  # each is read when it is needed
        self._put = PutClient(roots)
        self._backoff = Backoff(Times(), random.randrange)
        self._task: asyncio.Task | None = None  # uploads the queue's first clip
        self._sent_bytes, self._is_stopped = 0, False
        self._sizes: dict = {}  # bytes, of the clips on the card
        self._urls: dict = {}  # clip → the addresses of its parts, None where one is stored
        try:
            self._clips: dict = application.storage.load(RECORD) or {}
        except OSError:  # it can't be read: all clips are uploaded again
            self._clips = {}

    def on_press(self, kind):
        if kind == "double":
            self._is_stopped = not self._is_stopped
            if self._task is not None:
                self._task.cancel()
        return kind == "double"  # False: the firmware's own action

    async def upload(self):
        names = [name for name in os.listdir(FOLDER) if name.endswith(".mp4")]  # whole ones
        sizes = {name: os.stat(FOLDER + "/" + name)[6] for name in names}
        self._clips, self._sizes = {name: self._clips.get(name, 0) for name in names}, sizes
        status, queue = self._agent.status, [] if self._is_stopped else self._queue()
        is_ready = status.authorized and status.connected and self._app.clock.now_s()
        await (self._try(queue[0]) if is_ready and queue else asyncio.sleep(1))

    async def show(self):
        queue, states = self._queue(), list(self._clips.values())
        line = "%d %s left" % (len(queue), "clip" if len(queue) == 1 else "clips")
        if self._task is not None:
            line += ", %d %%" % (100 * self._sent_bytes // self._sizes[queue[0]])
        line += ", stopped" if self._is_stopped else ""
        left_bytes = sum([self._sizes[name] for name in queue]) - self._sent_bytes
        rows = ["%d MB left" % (left_bytes // 1_000_000), "%d done" % states.count(DONE)]
        failed = len([one for one in states if one >= TRIES])
        rows += ["%d failed" % failed, "%d stay on the card" % states.count(REFUSED)]
        self._app.show(line, str(len(queue) or ""), self._task is not None, [("Clips", rows)])
        await asyncio.sleep(1)

    def _queue(self):
        names = [name for name in self._sizes if self._sizes[name] and self._clips[name] >= 0]
        return sorted(names, key=lambda name: (self._clips[name] // TRIES, name))

    async def _try(self, name):
        wait_ms = 0
        self._task = asyncio.create_task(self._upload(name, self._sizes[name]))
        try:
            await self._task
            self._clips[name] = DONE
            log("uploaded: %s" % name)
        except asyncio.CancelledError:
            log("stopped: %s" % name)  # by on_press: nothing else cancels it
        except Exception as error:  # whatever it is costs one try
            if isinstance(error, ApiError) and error.status == 409 and error.says:
                self._clips[name] = REFUSED  # made during a pause: it stays on the card
            else:
                self._clips[name] += 1
                wait_ms = max(getattr(error, "wait_ms", None) or 0, self._backoff.next_ms())
            if isinstance(error, NetError) and error.reason in FINAL:
                self._urls.clear()  # the clip is begun again
            log("not uploaded: %s: %r" % (name, error))
        finally:
            self._task, self._sent_bytes = None, 0
        try:
            self._app.storage.save(RECORD, self._clips)
        except OSError as error:  # a restart would upload this clip again
            log(str(error))
        await asyncio.sleep_ms(wait_ms)

    async def _upload(self, name, size_bytes):
        def moved(sent_bytes):
            slot.moved()
            self._sent_bytes = begin + sent_bytes

        with open(FOLDER + "/" + name, "rb") as file:
            clip = name, size_bytes, os.stat(FOLDER + "/" + name)[8] + EPOCH_S  # when it was made
            if not self._urls.get(clip):
                asset = {"name": name, "filetype": "video/mp4", "filesize": size_bytes}
                asset["offset"] = self._app.clock.now_s() - clip[2]  # a recorder knows better
                asset["parts"] = max(1, min(MOST_PARTS, size_bytes // PART_BYTES))
                answer = await self._agent.request("POST", "/v2/devices/assets", asset)
                if self._urls:  # memory is for two: this one, and the one that has got on furthest
                    best = max(self._urls, key=lambda one: self._urls[one].count(None))
                    self._urls = {best: self._urls[best]}
                self._urls[clip] = answer["upload_urls"]  # secrets: don't log them
            urls = self._urls[clip]
            part_bytes = -(-size_bytes // len(urls))
            for number, url in enumerate(urls):
                begin = self._sent_bytes = number * part_bytes
                count = min(part_bytes, size_bytes - begin)
                if url:
                    async with self._agent.upload_slot() as slot:  # polls come between two parts
                        await self._put.put(url, file, begin, count, HEADERS, moved)
                    urls[number], self._clips[name] = None, 0
                    self._backoff.reset()
            del self._urls[clip]


async def repeat(step):
    while True:
        try:
            await step()
        except (MemoryError, OSError):  # no memory, or no card: it costs one step, and no task
            await asyncio.sleep(1)


def extra(application):
    uploader = Uploader(application)
    application.on_press = uploader.on_press
    return [repeat(uploader.upload), repeat(uploader.show)]


if __name__ == "__main__":
    app.run(extra=extra)
