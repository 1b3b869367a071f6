"""A part that takes long on the real unix port: heartbeats go on, and it does not look stuck.

Scaled: where the slot is stuck after 10 min, the part takes 30; here it is 4 s, and 12.
"""

import json
import socket
import subprocess
import threading
import time

import pytest

from tools.rig import MICROPYTHON, ROOT, TOKEN, Line, Rig

PART_BYTES = 1_200_000
BYTES_A_SECOND = 100_000
PIECE_BYTES = 4096
LONGEST_S = 120


class Sink:
    """A server that reads slowly, and answers a byte for each piece that it has read."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with self._server, self._server.accept()[0] as link, link.makefile("rb") as pieces:
            begun, total = time.monotonic(), 0
            while pieces.read(PIECE_BYTES):
                total += PIECE_BYTES
                time.sleep(max(0.0, total / BYTES_A_SECOND - (time.monotonic() - begun)))
                link.sendall(b"!")


@pytest.mark.parametrize("sessions", [2, 3])
def test_a_part_of_three_times_the_stuck_time(rig: Rig, sessions: int) -> None:
    mock = rig.mock()
    sink = Sink()
    program = ["tests/support/throttled_upload.py", mock.url, TOKEN, str(sink.port), str(sessions)]
    done = subprocess.run(
        [MICROPYTHON, *program, str(PART_BYTES)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["took_ms"] >= 11_000
    assert told["late"] == [] and told["states"] == [], told
    begun_ms, ended_ms = (record["t_ms"] for record in mock.records(kind="asset"))

    def times_of(records: list[Line]) -> list[int]:
        return [record["t_ms"] for record in records if begun_ms <= record["t_ms"] <= ended_ms]

    beats = times_of(mock.records(kind="message", event="heartbeat"))
    assert len(beats) >= 3 and len(mock.records(kind="upgrade")) == 1
    polls = times_of(mock.records(kind="request", path="/v2/devices/me"))
    # With two sessions only those that had their turn just before the part and just behind it.
    assert (len(polls) >= 3) if sessions == 3 else (len(polls) <= 2), polls
