"""A camera: the stock firmware, which keeps it online and shows so, and an uploader of its own.

    MICROPYPATH=.:lib:.frozen .venv/bin/micropython examples/camera.py

It uploads each .mp4 in the folder `clips`. On a board it is /camera.py, the card is mounted at
/clips, and main.py has `supervisor.run(extra=camera.extra)`. A double press stops, or goes on.
"""

import asyncio
import os
import random

from firmware import app
from firmware.stored_roots import StoredRoots
from firmware.text_output import log
from firmware.timestamps import EPOCH_S
from pilotlight import ApiError, NetError, NotAuthorized, Times
from pilotlight.net.backoff import Backoff
from pilotlight.net.http_put import PutClient

FOLDER = "clips"
RECORD = "camera_clips"  # name → how often it has failed, or:
DONE, REFUSED = -1, -2
PART_BYTES = 5 << 20  # storage takes no smaller ones, but for the last
MOST_PARTS = 10  # their addresses come in one answer of at most 8 kB
HEADERS = (("Content-Type", "video/mp4"), ("x-amz-acl", "private"))  # the addresses want both
FINAL = ("address_expired", "put_refused", "moved", "source_ended")  # for this address


class Uploader:
    def __init__(self, application):
        self._app, self._agent = application, application.agent
        roots = StoredRoots()
        roots.forget()  # each is read when it is needed
        self._put = PutClient(roots)
        self._backoff = Backoff(Times(), random.randrange)
        self._task, self._sent_bytes = None, 0  # of the clip that is uploaded, the queue's first
        self._is_stopped, self._sizes = False, {}  # bytes, of the clips on the card
        try:
            self._clips = application.storage.load(RECORD) or {}
        except OSError:  # it can't be read: all clips are uploaded again
            self._clips = {}

    def on_press(self, kind):
        if kind == "double":
            self._is_stopped = not self._is_stopped
            if self._task is not None:
                self._task.cancel()
        return kind == "double"  # False: the firmware's own action

    async def run(self):
        status = self._agent.status
        while True:
            self._look_at_card()
            queue = self._queue()
            is_ready = status.authorized and status.connected and self._app.clock.now_s()
            if is_ready and queue and not self._is_stopped:
                await asyncio.sleep_ms(await self._try(queue[0]))
            else:
                await asyncio.sleep(1)

    async def show(self):
        while True:
            queue, states = self._queue(), list(self._clips.values())
            line = "%d %s left" % (len(queue), "clip" if len(queue) == 1 else "clips")
            if self._task is not None:
                line += ", %d %%" % (100 * self._sent_bytes // self._sizes[queue[0]])
            line += ", stopped" if self._is_stopped else ""
            left_bytes = sum([self._sizes[name] for name in queue]) - self._sent_bytes
            rows = ["%d MB left" % (left_bytes // 1_000_000), "%d done" % states.count(DONE)]
            failed = len([one for one in states if one > 0])
            rows += ["%d failed" % failed, "%d stay on the card" % states.count(REFUSED)]
            self._app.show(line, str(len(queue) or ""), self._task is not None, [("Clips", rows)])
            await asyncio.sleep(1)

    def _look_at_card(self):
        try:  # a recorder gives a clip such a name when it is whole
            names = [name for name in os.listdir(FOLDER) if name.endswith(".mp4")]
            self._sizes = {name: os.stat(FOLDER + "/" + name)[6] for name in names}
        except OSError:
            return  # without the card its clips are not forgotten
        self._clips = {name: self._clips.get(name, 0) for name in names}

    def _queue(self):
        names = [name for name in self._sizes if self._sizes[name] and self._clips[name] >= 0]
        return sorted(names, key=lambda name: (self._clips[name], name))  # failed ones come last

    async def _try(self, name):
        wait_ms = 0
        self._task = asyncio.create_task(self._upload(name, self._sizes[name]))
        try:
            await self._task
            self._clips[name] = DONE
            self._backoff.reset()
            log("uploaded: %s" % name)
        except asyncio.CancelledError:
            log("stopped: %s" % name)  # by on_press: nothing else cancels it
        except (NetError, ApiError, NotAuthorized, OSError, MemoryError) as error:
            if isinstance(error, ApiError) and error.status == 409 and error.says:
                self._clips[name] = REFUSED  # made during a pause: it stays on the card
            else:
                self._clips[name] += 1
                wait_ms = max(getattr(error, "wait_ms", None) or 0, self._backoff.next_ms())
            log("not uploaded: %s: %s" % (name, error))
        self._task, self._sent_bytes = None, 0
        try:
            self._app.storage.save(RECORD, self._clips)
        except (OSError, MemoryError) as error:  # a restart would upload this clip again
            log(str(error))
        return wait_ms

    async def _upload(self, name, size_bytes):
        with open(FOLDER + "/" + name, "rb") as file:
            made_s = os.stat(FOLDER + "/" + name)[8] + EPOCH_S  # a recorder knows better
            asset = {"name": name, "filetype": "video/mp4", "filesize": size_bytes}
            asset["offset"] = self._app.clock.now_s() - made_s
            asset["parts"] = max(1, min(MOST_PARTS, size_bytes // PART_BYTES))
            answer = await self._agent.request("POST", "/v2/devices/assets", asset)
            if not isinstance(answer, dict) or not answer.get("upload_urls"):
                raise ApiError("portal", "this is no answer of Frame.io's")
            part_bytes = -(-size_bytes // len(answer["upload_urls"]))
            for number, url in enumerate(answer["upload_urls"]):  # secrets: don't log them
                begin = number * part_bytes
                await self._send(url, file, begin, min(part_bytes, size_bytes - begin))

    async def _send(self, url, file, begin, part_bytes):
        def moved(sent_bytes):
            slot.moved()
            self._sent_bytes = begin + sent_bytes

        for tries_left in (2, 1, 0):  # then the other clips come first
            try:
                async with self._agent.upload_slot() as slot:  # polls come between two parts
                    await self._put.put(url, file, begin, part_bytes, HEADERS, moved)
                return
            except NetError as error:
                if not tries_left or error.reason in FINAL:
                    raise
                log("again: the part at %d: %s" % (begin, error))
                await asyncio.sleep_ms(max(error.wait_ms or 0, self._backoff.next_ms()))


def extra(application):
    uploader = Uploader(application)
    application.on_press = uploader.on_press
    return [uploader.run(), uploader.show()]


if __name__ == "__main__":
    app.run(extra=extra)
