"""examples/camera.py against the mock, with a keyboard in the place of its button and of what a
vendor's menu would call.

camera.json beside the configuration has {"clips": the card's folder, "roots": paths of DER,
"part_bytes", "times": what differs from Times()}.
"""

import asyncio
import json
import os
import sys

sys.path[:0] = ["../..", "../../lib"]  # it is run in its own folder

from examples import camera
from firmware import app
from pilotlight import Times


class Roots(list):
    """In the place of StoredRoots."""

    def forget(self):
        """They stay."""


def roots():
    """The mock's, of its REST and of its storage."""
    result = Roots()
    for path in order["roots"]:
        with open(path, "rb") as file:
            result.append(file.read())
    return result


async def keyboard(application):
    """Do what is typed, a word a line."""
    lines, agent = asyncio.StreamReader(sys.stdin.buffer), application.agent
    while True:
        word = (await lines.readline()).decode().strip()
        if word == "pair":
            agent.start_pairing()
        elif word == "cancel":
            agent.cancel_pairing()
        elif word == "unpair":
            await agent.unpair()
        elif word:
            print("taken:", application.on_press(word))
        else:
            return


with open(os.getenv("PILOTLIGHT_CONFIG").rpartition("/")[0] + "/camera.json") as file:
    order = json.load(file)
times = Times(**order["times"])
camera.StoredRoots = roots
camera.FOLDER, camera.PART_BYTES = order["clips"], order["part_bytes"]
camera.Times = lambda: times
app.run(times, extra=lambda application: camera.extra(application) + [keyboard(application)])
