"""A vendor's own code in the firmware: what it shows, and that its end is the firmware's."""

import asyncio
import json

from tools.virtual_board import virtual_time

virtual_time.install()

from firmware import app, config, console
from firmware.application import Application
from firmware.indication import Indication
from pilotlight import Agent as RealAgent
from pilotlight import Settings
from pilotlight.status import DeviceStatus
from tests.support.expect import raises


class Agent:
    """Only its status. run() waits for ever."""

    def __init__(self, **facts):
        self.status = DeviceStatus()
        self.status.update(connected=True, **facts)

    def network_changed(self):
        pass

    async def run(self):
        await asyncio.Event().wait()


class Outputs:
    """No output."""

    def jobs(self, agent):
        return []


class Nothing:
    """In the place of network, storage and clock."""

    def is_up(self):
        return False

    def load(self, name):
        return None


class Lines:
    """In the place of stdout."""

    def __init__(self):
        self.lines = []

    def write_line(self, line):
        self.lines.append(json.loads(line))
        return True


def application(**facts):
    return Application(Agent(**facts), None, None, None)


def shown(application):
    return Indication(application.agent.status)


def test_uploading_is_shown_by_the_light_of_online_alone():
    one = application(joined=True, paused=False)
    assert shown(one).pattern == "solid" and shown(one).application is None
    one.show(is_uploading=True)
    assert shown(one).pattern == "blip" and shown(one).rgb == (0, 255, 0)
    one.agent.status.update(paused=True)
    assert shown(one).pattern == "wink"
    one.agent.status.update(network_up=False)
    assert shown(one).pattern == "one_flash"
    one.agent.status.update(network_up=True, paused=False)
    one.show("all sent")
    assert shown(one).pattern == "solid"


def test_each_change_is_seen_and_nothing_else():
    one = application(joined=True, paused=False)
    status = one.agent.status
    version = status.version
    one.show("3 clips left", "3", pages=[("Clips", ["A001"])])
    assert status.version == version + 1
    one.show("3 clips left", "3", pages=[("Clips", ["A001"])])
    assert status.version == version + 1
    one.show("2 clips left", "2")
    assert status.version == version + 2 and status.application.pages == ()


def test_texts_are_bounded():
    one = application()
    one.show("x" * 1000, "12345")
    assert (
        len(one.agent.status.application.line) == 100
        and one.agent.status.application.badge == "1234"
    )


def test_tls_sessions_are_set_for_the_stock_firmware_on_the_class():
    values = {"frameio.ca": None, "frameio.client_id": None, "frameio.access_token": "x"}
    values.update({"frameio.url": "http://127.0.0.1", "frameio.client_version": "1.2.3"})
    values["frameio.client_secret"] = None
    for sessions in (3, 2):
        Settings.tls_sessions = sessions
        made = config.settings(values, "config.json")
        agent = RealAgent(made, Nothing(), Nothing(), Nothing())
        assert (agent.upload_slot() is agent.request_slot()) == (sessions == 2)


def test_the_console_has_the_line():
    one = application(joined=True, paused=False)
    output = Lines()
    console.TextOutput = lambda stream: output
    shows = console.Console()
    shows.show(shown(one), 1)
    one.show("3 clips left\x1b[2J", "3\x1b", is_uploading=True)
    shows.show(shown(one), 2)
    before, after = output.lines
    assert "application" not in before and "badge" not in before
    assert after["application"] == "3 clips left?[2J" and after["badge"] == "3?"
    assert after["light"]["pattern"] == "blip" and after["state"] == "online"


async def test_the_end_of_its_code_is_the_end_of_the_firmware():
    one = application()

    async def fails():
        await asyncio.sleep_ms(10)
        raise ValueError("the card is gone")

    with raises(ValueError):
        await app.run_all(one.agent, None, None, Outputs(), None, [fails()])
