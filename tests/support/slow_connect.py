"""One request and one WebSocket over TLS, with deadlines of one's own.

Run on the unix port: slow_connect.py CA PORT STALL_MS TOTAL_MS TLS_TOTAL_MS. CA: a DER file.
Prints for each, on a line: its reason if it failed, else `well`; and how many ms it took.
"""

import asyncio
import sys
import time

ROOT = __file__.rpartition("/")[0] + "/../.."
sys.path[:0] = [ROOT, ROOT + "/lib"]

from pilotlight.net.deadline import Deadline
from pilotlight.net.endpoint import Endpoint
from pilotlight.net.errors import NetError
from pilotlight.net.http_client import HttpClient
from pilotlight.net.websocket_client import WebSocketClient


class Times:
    stall_ms, total_ms, tls_total_ms = [int(argument) for argument in sys.argv[3:6]]


async def request(endpoint):
    await HttpClient(endpoint, Times).request("GET", "/", (), ("id",))


async def upgrade(endpoint):
    stream = endpoint.open()
    try:
        with Deadline(stream, "connecting", Times):
            await WebSocketClient(1024, 512).open(stream, endpoint.host_field, "/")
    finally:
        stream.close()


async def main():
    with open(sys.argv[1], "rb") as file:
        endpoint = Endpoint("127.0.0.1", int(sys.argv[2]), [file.read()])
    for job in (request, upgrade):
        begun_ms = time.ticks_ms()
        ending = "well"
        try:
            await job(endpoint)
        except NetError as error:
            ending = error.reason
        print(ending, time.ticks_diff(time.ticks_ms(), begun_ms))


asyncio.run(main())
