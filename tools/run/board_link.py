"""Between the virtual board and the bench page: tells the mock what the board shows, and obeys."""

from __future__ import annotations

import contextlib
import json
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from tools.on_cpython import device_module
from tools.virtual_board.session import Event, VirtualBoard

_REASONS = device_module("firmware.strings").REASONS
BUTTON, DISPLAY = 0, 0x3C
NETWORK = {"ssid": "Stage 5", "password": "pilotlight"}  # the one that is in the virtual air
_PRESS_MS, _HOLD_MS = 80, 1700
_BETWEEN_S = 0.1  # from a release to the next press: together they are a double press
_BATCH_S = 0.05
_MEMORY_S = 5.0
_MOST_WAITING = 2000  # rows that the mock has not taken yet
_DARK = (0, 0, 0)
_WORDS: dict[str, Callable[[Event], str]] = {
    "power_on": lambda event: "power on",
    "reset": lambda event: "reset",
    "off": lambda event: "power off",
    "button": lambda event: f"button {'pressed' if event['pressed'] else 'released'}",
    "screen": lambda event: f"the picture changed ({'on' if event['on'] else 'off'})",
    "wifi": lambda event: f"Wi-Fi {event['event']} {event.get('ssid', event.get('reason', ''))}",
    "ntp": lambda event: f"NTP {event['host']}: {event['action']}",
    "lost": lambda event: f"{event['count']} events were lost",
}


class BoardLink:
    """tell(line): called with each line for the mock, in a thread.

    is_switched_off: the user has cut the power.
    """

    def __init__(self, board: VirtualBoard, tell: Callable[[str], object]) -> None:
        self.is_switched_off = False
        self._board = board
        self._tell = tell
        self._actions: queue.Queue[str | None] = queue.Queue()
        self._lock = threading.Lock()
        self._has_news = threading.Event()
        self._facts: dict[str, Any] = {"power": False, "wifi": True, "display": True}
        self._rows: list[list[Any]] = []
        self._edges: list[list[Any]] = []
        self._power_on_s = time.monotonic()
        self._is_in_range = self._is_plugged = True
        self._is_over = threading.Event()
        self._worker = threading.Thread(target=self._obey_all, daemon=True)
        board.listen(self._heard)
        threading.Thread(target=self._tell_all, daemon=True).start()
        self._worker.start()

    def do(self, action: str) -> None:
        """Do something to the board, behind what is still to be done: one of the mock's ACTIONS."""
        self._actions.put(action)

    def other(self, on: str, off: str) -> str:
        """Which of two opposite actions changes something."""
        state = {
            "power_on": not self.is_switched_off,
            "wifi_in_range": self._is_in_range,
            "plug_display": self._is_plugged,
        }
        return off if state[on] else on

    def log(self, text: str) -> None:
        """Tell what the board wrote to stderr."""
        self._note(time.monotonic(), "log", text.strip())

    def stop(self) -> None:
        """Touch the board no more."""
        self._is_over.set()
        self._actions.put(None)
        self._worker.join()

    # What the board shows

    def _heard(self, what: str, row: Event) -> None:
        if what == "line":
            words = row["state"] + (f": {row['reason']}" if row["reason"] else "")
            line = {**row, "words": _REASONS.get(row["reason"] or "")}
            self._note(time.monotonic(), "state", words, json.dumps(row), line=line)
            return
        kind = row["kind"]
        if kind == "power_on":
            self._power_on_s = time.monotonic() - row["t_us"] / 1e6
            self._note(self._power_on_s, "event", "power on", power=True, line=None)
            self._actions.put("tell_memory")
            return
        at_s = self._power_on_s + row["t_us"] / 1e6 if "t_us" in row else time.monotonic()
        # An event can't be later than it is heard; the start's may have been heard late.
        self._power_on_s -= max(0.0, at_s - time.monotonic())
        if kind == "neopixel":
            self._shine(at_s, row["pixels"][0])
        elif kind == "memory":
            self._note(at_s, "", memory={"used": row["used"], "free": row["free"]})
        elif kind == "screen":
            shown = {name: row[name] for name in ("on", "contrast", "width", "height", "bitmap")}
            self._note(at_s, "display", _WORDS[kind](row), screen=shown)
        elif kind in ("reset", "off"):
            self._shine(at_s, _DARK)
            is_on = kind == "reset"
            gone: dict[str, Any] = {"screen": None, "memory": None}
            gone |= {} if is_on else {"line": None}
            self._note(at_s, "event", _WORDS[kind](row), power=is_on, **gone)
        elif kind == "order" and row["order"] in ("plug", "unplug"):
            is_plugged = row["order"] == "plug"
            words = "display plugged in" if is_plugged else "display unplugged"
            gone = dict[str, Any]({} if is_plugged else {"screen": None})
            self._note(at_s, "event", words, display=is_plugged, **gone)
        elif kind in _WORDS:
            if kind == "wifi" and row["event"] == "on":
                self._actions.put("restore")
            self._note(at_s, "event", _WORDS[kind](row), json.dumps(row))

    def _shine(self, at_s: float, rgb: Any) -> None:
        with self._lock:
            if len(self._edges) < _MOST_WAITING:
                self._edges.append([at_s, *rgb])
        self._has_news.set()

    def _note(
        self, at_s: float, kind: str, words: str = "", detail: str = "", **facts: Any
    ) -> None:
        with self._lock:
            self._facts.update(facts)
            if words and len(self._rows) < _MOST_WAITING:
                self._rows.append([at_s, "board", kind, words, detail])
        self._has_news.set()

    def _tell_all(self) -> None:
        while True:
            self._has_news.wait()
            time.sleep(_BATCH_S)
            self._has_news.clear()
            with self._lock:
                told = {"facts": self._facts, "rows": self._rows, "edges": self._edges}
                self._facts, self._rows, self._edges = {}, [], []
            self._tell(json.dumps(told))

    # What is done to it

    def _obey_all(self) -> None:
        while not self._is_over.is_set():
            try:
                action = self._actions.get(timeout=_MEMORY_S)
            except queue.Empty:
                action = "tell_memory"
            if action is None or self._is_over.is_set():
                return
            try:
                getattr(self, "_" + action)()
            except (AssertionError, OSError, ValueError) as error:
                self._note(time.monotonic(), "log", f"{action} failed: {error}")

    def _tell_memory(self) -> None:
        with contextlib.suppress(AssertionError):
            self._board.order("memory")

    def _press(self, duration_ms: int = _PRESS_MS) -> None:
        self._board.press(BUTTON, duration_ms)
        # The next one must not come before this one is over: the two would be one.
        self._is_over.wait(duration_ms / 1000 + _BETWEEN_S)

    def _hold(self) -> None:
        self._press(_HOLD_MS)

    def _double_press(self) -> None:
        self._press()
        self._press()

    def _power_on(self) -> None:
        if self.is_switched_off:
            self._board.power_on()
            self.is_switched_off = False

    def _power_off(self) -> None:
        if not self.is_switched_off:
            self.is_switched_off = True
            self._board.cut_power()

    def _wifi_in_range(self) -> None:
        if not self._is_in_range:
            self._is_in_range = True
            self._note(time.monotonic(), "event", "Wi-Fi in range", wifi=True)
            self._board.order("wifi", action="add", **NETWORK)

    def _wifi_out_of_range(self) -> None:
        if self._is_in_range:
            self._is_in_range = False
            self._note(time.monotonic(), "event", "Wi-Fi out of range", wifi=False)
            self._board.order("wifi", action="remove", ssid=NETWORK["ssid"])

    def _plug_display(self) -> None:
        self._is_plugged = True
        self._board.plug(DISPLAY)
        self._note(time.monotonic(), "", display=True)

    def _unplug_display(self) -> None:
        self._is_plugged = False
        self._board.unplug(DISPLAY)
        self._note(time.monotonic(), "", display=False)

    def _restore(self) -> None:
        """A start does not change the world around the board."""
        if not self._is_in_range:
            self._board.order("wifi", action="remove", ssid=NETWORK["ssid"])
