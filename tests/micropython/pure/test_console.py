"""The console's lines: each change once, and again if it was lost."""

import json

from firmware import console
from firmware.indication import Indication
from firmware.text_output import TextOutput
from pilotlight.status import DeviceStatus


class Stdout:
    """Takes what is written, or nothing while it is full."""

    def __init__(self):
        self.lines = []
        self.is_full = False

    def write(self, data):
        if self.is_full:
            return 0
        self.lines.append(data.decode())
        return len(data)


def test_each_change_is_a_line_and_a_lost_one_is_written_again():
    stdout = Stdout()
    kept, console.TextOutput = console.TextOutput, lambda stream: TextOutput(stdout)
    try:
        shown = console.Console()
    finally:
        console.TextOutput = kept
    status = DeviceStatus()
    for t_ms in (5, 6):
        shown.show(Indication(status), t_ms)
        assert not shown.is_behind and len(stdout.lines) == 1
    stdout.is_full = True
    status.update(project="Test\x1bbed")
    shown.show(Indication(status), 7)
    assert shown.is_behind and len(stdout.lines) == 1
    stdout.is_full = False
    shown.show(Indication(status), 8)
    assert not shown.is_behind
    first, second = [json.loads(line) for line in stdout.lines]
    assert first["t_ms"] == 5 and first["project"] is None
    assert second["t_ms"] == 8 and second["project"] == "Test?bed"
