"""Connects that fail again and again, and what they leave behind.

Run on the unix port: failed_connects.py JOB. JOB is a JSON file: `ca` (a DER file), `host`, `well`
(the port of a plain server without faults), and `kinds`: [{"name", "port", "tls", "ways",
"total_ms", "attempts", "cancelled"}].

Prints one JSON line a kind. `endings`: by way, how many connects ended how (`""`: well).
`most_waits`: by way, the latest wait at which one was cancelled. Then, before and after those
connects: `files`, the open file descriptors (after: the most that were open after any of them);
`heap`, the bytes in use after a collection; `pages` of the process's data, where Mbed TLS has its
memory.
"""

import asyncio
import gc
import json
import os
import sys

ROOT = __file__.rpartition("/")[0] + "/../.."
sys.path[:0] = [ROOT, ROOT + "/lib"]

from pilotlight.net.endpoint import Endpoint
from pilotlight.net.errors import NetError
from pilotlight.net.http_client import HttpClient
from pilotlight.net.phoenix import PhoenixSocket
from pilotlight.net.websocket_client import WebSocketClient

_WARM_UP = 20
_WELL_MS = 10_000


class Times:
    """total_ms: how long a connect may take. Heartbeats do not matter here."""

    heartbeat_ms = first_heartbeat_ms = 60_000
    reply_ms = 60_000
    close_ms = 5000

    def __init__(self, total_ms):
        self.stall_ms = self.total_ms = self.tls_total_ms = total_ms


class Client:
    """The ways to connect to one endpoint; made once and reused, as by the agent."""

    def __init__(self, endpoint, total_ms):
        times = Times(total_ms)
        self._http = HttpClient(endpoint, times)
        websocket = WebSocketClient(1024, 512)
        self._phoenix = PhoenixSocket(websocket, endpoint, "join", "heartbeat", times, self)

    async def socket(self):
        """Open the Phoenix socket, join, and close it."""
        await self._phoenix.open("/socket")
        await self._phoenix.join("room:1", self._pushed)
        await self._phoenix.close()

    async def request(self):
        """Ask by HTTP."""
        await self._http.request("GET", "/", (), ("id",))

    async def ending(self, way, run):
        """Let `run` run one of the ways; an error's reason, `cancelled`, or an empty text."""
        reason = ""
        try:
            await run(getattr(self, way)())
        except NetError as error:
            reason = error.reason
        except asyncio.CancelledError:
            reason = "cancelled"
        await self._phoenix.close()
        return reason

    def prove(self):
        """The server has said something; nothing is done with it."""

    def _pushed(self, event, payload, status):
        pass


class Stepped:
    """A coroutine that sets `reached` when it comes to its n-th wait, or to its end."""

    def __init__(self, job, waits, reached):
        self._job = job
        self._waits = waits
        self._reached = reached

    def send(self, value):
        """As a coroutine's: the event loop calls it."""
        return self._step(self._job.send, value)

    def throw(self, error):
        """As a coroutine's: the event loop calls it."""
        return self._step(self._job.throw, error)

    def _step(self, step, value):
        self._waits -= 1
        if not self._waits:
            self._reached.set()
        try:
            return step(value)
        except BaseException:
            self._reached.set()
            raise


class Canceller:
    """Runs coroutines, and cancels each one wait later than the one before.

    Starts again at the first wait when one has ended before it could be cancelled.
    """

    def __init__(self):
        self._waits = 0  # 0: before the first step
        self.most_waits = 0

    async def __call__(self, job):
        """Raises as the coroutine, or CancelledError."""
        reached = asyncio.Event()
        task = asyncio.create_task(Stepped(job, self._waits, reached))
        if self._waits:
            await reached.wait()
        if task.cancel():
            self.most_waits = max(self.most_waits, self._waits)
            self._waits += 1
        else:
            self._waits = 0
        await task


async def _to_its_end(job):
    await job


def _open_files():
    return len(list(os.ilistdir("/proc/self/fd")))


def _data_pages():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[5])


async def _heap_after(client, ways):
    """Bytes in use after a good connect in each way.

    So what is kept of the last connect is the same each time.
    """
    for way in ways:
        ending = await client.ending(way, _to_its_end)
        assert not ending, ending
    await asyncio.sleep_ms(1)  # the tasks that were cancelled last come to their ends
    gc.collect()
    return gc.mem_alloc()


async def _measure(kind, client, well):
    attempts = kind["attempts"]
    ways = kind["ways"]
    runs = [Canceller() if kind["cancelled"] else _to_its_end for _ in ways]
    endings = [""] * attempts  # made before: what is measured shall not hold the results
    heap = pages = files = most_files = 0
    for number in range(-_WARM_UP, attempts):
        if not number:
            heap = await _heap_after(well, ways)
            pages = _data_pages()
            files = most_files = _open_files()
        way = number % len(ways)
        endings[number] = await client.ending(ways[way], runs[way])
        most_files = max(most_files, _open_files())
    heap_after = await _heap_after(well, ways)
    line = {
        "name": kind["name"],
        "heap": (heap, heap_after),
        "pages": (pages, _data_pages()),
        "files": (files, most_files),
    }
    line["most_waits"] = [run.most_waits for run in runs if kind["cancelled"]]
    line["endings"] = {ways[way]: _counted(endings[way :: len(ways)]) for way in range(len(ways))}
    print(json.dumps(line))


def _counted(endings):
    return {ending: endings.count(ending) for ending in set(endings)}


async def _main(job):
    with open(job["ca"], "rb") as file:
        roots = [file.read()]
    well = Client(Endpoint(job["host"], job["well"]), _WELL_MS)
    for kind in job["kinds"]:
        client = Client(
            Endpoint(job["host"], kind["port"], roots if kind["tls"] else None), kind["total_ms"]
        )
        await _measure(kind, client, client if kind["cancelled"] else well)


def _job():
    with open(sys.argv[1]) as file:
        return json.load(file)


asyncio.run(_main(_job()))
