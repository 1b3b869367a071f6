"""Many boards at once: the firmware as `make run` starts it, on one mock, which then restarts.

Each board is paired, and keeps its own tokens; they live for so short that all are refreshed while
the boards are watched. Prints what a board costs this computer while it is online, how soon all are
online again, and what the mock is asked meanwhile. The mock keeps what it knows of the tokens.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.command_line import CommandLine, say, seconds
from tools.mock_frameio.parts import PARTS
from tools.on_cpython import ROOT
from tools.rig import CLIENT_SECRET, CLIENT_VERSION, Rig
from tools.run.board_link import NETWORK
from tools.virtual_board.session import Event, NoMicroPython, VirtualBoard, check_micropython

KINDS = ("socket", "health", "identity", "token", "heartbeat")
_MOST = 150  # a board takes seven file descriptors here, of 1024
_KEPT_ROWS = 500
_BACK_S = 120.0
_LOOK_S = 0.2  # from one look for user codes to the next
_TICKS_A_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Back:
    """After the mock's restart. down_s: nothing listened for so long.

    after_s: when each board was online again, counted from the mock's start. counts: kind → how
    many requests came in each second, counted in the same way.
    """

    down_s: float
    after_s: list[float]
    counts: dict[str, Counter[int]]


class Fleet:
    """So many boards and their mock. A context manager: at its end all of them end.

    token_life_s: the life of the access tokens.
    """

    def __init__(self, folder: Path, count: int, token_life_s: float, wiring: str = "s3") -> None:
        self._rig = Rig(folder)
        state = str(folder / "mock-state.json")
        self._options = "--state", state, "--token-life-s", str(token_life_s)
        self.mock = self._rig.mock(*self._options, tls=True)
        self._news = threading.Condition()
        self._online_s: dict[int, float] = {}  # board → since when; it is not in here if it is not
        self.boards = [self._board(folder / f"board-{at}", at, wiring) for at in range(count)]

    def __enter__(self) -> Fleet:
        return self

    def __exit__(self, *_: object) -> None:
        for board in self.boards:
            board.kill()
        for board in self.boards:
            board.cut_power()
        self._rig.close()

    def _board(self, folder: Path, at: int, wiring: str) -> VirtualBoard:
        board = VirtualBoard(folder, ROOT, wiring, most_rows=_KEPT_ROWS)
        frameio = {"url": self.mock.url, "ca": str(self.mock.ca), "client_secret": CLIENT_SECRET}
        frameio["client_version"] = CLIENT_VERSION
        config = {"board": "esp32_s3_devkit", "console": True, "frameio": frameio, "wifi": NETWORK}
        board.write_file("config.json", json.dumps(config))

        def listen(what: str, row: Event) -> None:
            if what == "line":
                self._seen(at, row["state"] == "online")

        board.listen(listen)
        return board

    def _seen(self, at: int, is_online: bool) -> None:
        with self._news:
            if is_online:
                self._online_s.setdefault(at, time.monotonic())
            else:
                self._online_s.pop(at, None)
            self._news.notify_all()

    def power_on(self) -> None:
        """Switch all of them on."""
        for board in self.boards:
            board.power_on()

    def pair(self, deadline_s: float) -> list[float]:
        """Enter each user code, until all are online; as `wait_online`."""
        end_s = time.monotonic() + deadline_s
        while time.monotonic() < end_s:
            for user_code in self.mock.status()["user_codes"]:
                self.mock.control("approve", user_code=user_code)
            with self._news:
                if self._news.wait_for(self._all_are_online, _LOOK_S):
                    break
        return self.wait_online(0)

    def wait_online(self, deadline_s: float) -> list[float]:
        """Wait until all are online; since when each is, on time.monotonic().

        Raises TimeoutError.
        """
        with self._news:
            if not self._news.wait_for(self._all_are_online, deadline_s):
                count = len(self._online_s)
                raise TimeoutError(f"{count} of {len(self.boards)} boards are online")
            return sorted(self._online_s.values())

    def _all_are_online(self) -> bool:
        return len(self._online_s) == len(self.boards)

    def restart_mock(self, deadline_s: float, down_s: float = 0, watched_s: float = 0) -> Back:
        """Restart it at its port, and wait until all are online again. Raises TimeoutError.

        down_s: it is down for so long, once all have seen that. watched_s: what they ask is counted
        for so long after that.
        """
        self.mock.stop()
        stopped_s = time.monotonic()
        with self._news:  # each of them loses its link
            if not self._news.wait_for(lambda: not self._online_s, deadline_s):
                raise TimeoutError("a board did not see that the mock has ended")
        time.sleep(down_s)
        self.mock = self._rig.mock("--port", str(self.mock.port), *self._options, tls=True)
        begun_s = time.monotonic()
        online_s = self.wait_online(deadline_s)
        time.sleep(watched_s)
        counts = by_second(self.mock.records(kind="request"))
        return Back(begun_s - stopped_s, [at - begun_s for at in online_s], counts)


def by_second(requests: Iterable[Mapping[str, Any]]) -> dict[str, Counter[int]]:
    """Kind → how many of the mock's records of requests are of each second."""
    counts: dict[str, Counter[int]] = {kind: Counter() for kind in KINDS}
    for request in requests:
        kind = PARTS.get(request["path"])
        if kind in counts:
            counts[kind][request["t_ms"] // 1000] += 1
    return counts


def refreshes(records: Iterable[Mapping[str, Any]]) -> list[tuple[str, int, str]]:
    """(client_id, generation of the refresh token, outcome) of each in the mock's records."""
    return [
        (record["client_id"], record["generation"], record["outcome"])
        for record in records
        if record.get("grant") == "refresh_token"
    ]


def cpu_s(pid: int) -> float:
    """The processor's time that a process has taken. Linux."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_A_S


def memory_kib(pid: int) -> tuple[int, int]:
    """(RSS, PSS) of a process. Linux."""
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    sizes = {row.split()[0]: int(row.split()[1]) for row in rows}
    return sizes["Rss:"], sizes["Pss:"]


def costs(fleet: Fleet, watched_s: float) -> list[tuple[str, str, str]]:
    """Rows: what, the median, the most; of boards that are online."""
    pids = [board.pid for board in fleet.boards]
    asked = len(fleet.mock.records(kind="request"))
    before_s = [cpu_s(pid) for pid in pids]
    mock_s = cpu_s(fleet.mock.pid)
    begun_s = time.monotonic()
    time.sleep(watched_s)
    span_s = time.monotonic() - begun_s
    used_ms = [
        1000 * (cpu_s(pid) - then) / span_s for pid, then in zip(pids, before_s, strict=True)
    ]
    mock_ms = 1000 * (cpu_s(fleet.mock.pid) - mock_s) / span_s
    memory = [memory_kib(pid) for pid in pids]
    return [
        _row("memory of a board, RSS", [rss / 1024 for rss, _ in memory], "MiB"),
        _row("memory of a board, PSS", [pss / 1024 for _, pss in memory], "MiB"),
        _row(f"CPU of a board, over {span_s:.0f} s online", used_ms, "ms/s"),
        (f"CPU of the mock for {len(pids)} boards", f"{mock_ms:.1f} ms/s", ""),
        ("memory of the mock, RSS", f"{memory_kib(fleet.mock.pid)[0] / 1024:.1f} MiB", ""),
        *_requests(by_second(fleet.mock.records(kind="request")[asked:])),
    ]


def _row(what: str, values: Sequence[float], unit: str) -> tuple[str, str, str]:
    return what, f"{statistics.median(values):.1f} {unit}", f"{max(values):.1f} {unit}"


def after_restart(back: Back) -> list[tuple[str, str, str]]:
    """Rows: what, how much, when."""
    count = len(back.after_s)
    return [
        ("nothing listened for", f"{back.down_s:.1f} s", ""),
        ("half of the boards online after", f"{statistics.median(back.after_s):.1f} s", ""),
        (f"all {count} online after", f"{back.after_s[-1]:.1f} s", ""),
        *_requests(back.counts),
    ]


def _requests(by_kind: Mapping[str, Counter[int]]) -> list[tuple[str, str, str]]:
    """Rows: the kind, how many in all, the most in one second."""
    rows = []
    for kind, counts in by_kind.items():
        second, most = counts.most_common(1)[0] if counts else (0, 0)
        sums = f"{sum(counts.values())} in all"
        when = f"{most} in second {second}" if most else ""
        rows.append((f"requests: {kind}", sums, when))
    return rows


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is not from 1 to {_MOST}")
    return int(text)


def main() -> int:
    """Run, print the tables; the exit code."""
    parser = CommandLine("tools.fleet", __doc__, "fleet")
    parser.add_argument("--devices", type=_count, default=50, help="so many boards")
    parser.add_argument("--online-s", type=seconds, default=120, help="watched online for so long")
    parser.add_argument("--down-s", type=seconds, default=0, help="the mock is down for so long")
    parser.add_argument(
        "--token-life-s", type=seconds, default=120, help="life of the access tokens"
    )
    arguments = parser.parse_args()
    count: int = arguments.devices
    life_s: float = arguments.token_life_s
    try:
        check_micropython()
        with tempfile.TemporaryDirectory() as folder, Fleet(Path(folder), count, life_s) as fleet:
            begun_s = time.monotonic()
            fleet.power_on()
            all_s = fleet.pair(_BACK_S + 5 * count)[-1] - begun_s
            say(f"all {count} boards are paired and online {all_s:.0f} s after the first power-on")
            for row in costs(fleet, arguments.online_s):
                say(f"| {' | '.join(row)} |")
            used = refreshes(fleet.mock.records(kind="auth"))
            say("the mock restarts")
            back = fleet.restart_mock(_BACK_S, arguments.down_s, arguments.online_s)
            for row in after_restart(back):
                say(f"| {' | '.join(row)} |")
            used += refreshes(fleet.mock.records(kind="auth"))
            outcomes = Counter(outcome for _, _, outcome in used)
            say(f"refresh tokens: {len(set(used))} used {len(used)} times, {dict(outcomes)}")
    except (NoMicroPython, TimeoutError) as error:
        print(f"make fleet: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
