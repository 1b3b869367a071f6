"""The code is built as docs/architecture.md says: arrows, callbacks, facts, constructors."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.host.test_certification import has_test
from tools.generate.architecture import (
    FIRMWARE,
    FIRMWARE_ORDER,
    LIBRARY,
    LIBRARY_ORDER,
    TARGET,
    calls_of_firmware,
    calls_of_library,
    check_firmware,
    check_library,
    facts,
    part_of_firmware,
    part_of_library,
    transitions,
    upward,
    writers,
    written,
)
from tools.generate.calls import Calls
from tools.on_cpython import ROOT

MOST_CALLBACKS = 8
MOST_PARAMETERS = 6
PUBLIC = {"Agent"}  # it may have more parameters
NO_CALLBACK = {"randrange"}  # Python's own function, handed over for tests: nothing goes up by it


def rows(heading: str) -> list[str]:
    """The rows of the table behind this text of architecture.md."""
    table = TARGET.read_text().partition(heading)[2].partition("\n| ")[2].partition("\n\n")[0]
    return table.splitlines()[2:]


def named(heading: str) -> set[str]:
    """The names in the first cells of a table."""
    return {name for row in rows(heading) for name in re.findall(r"`(\w+)`", row.split("|")[1])}


def library_of(tmp_path: Path, **sources: str) -> Calls:
    """The calls of a library with these files, and a status and a core as ours."""
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(source)
    return Calls(tmp_path, part_of_library)


def constructors(source: str) -> Iterator[tuple[str, int]]:
    """(class, number of parameters beside self) of each constructor."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                    given = method.args
                    count = len(given.posonlyargs + given.args + given.kwonlyargs) - 1
                    yield node.name, count + bool(given.vararg) + bool(given.kwarg)


def test_each_part_has_its_place_in_the_order() -> None:
    parts = {part_of_library(path) for path in LIBRARY.rglob("*.py")} - {"__init__"}
    assert sorted(LIBRARY_ORDER) == sorted(parts)
    assert sorted(FIRMWARE_ORDER) == sorted({part_of_firmware(p) for p in FIRMWARE.rglob("*.py")})


def test_no_arrow_points_up() -> None:
    check_library(calls_of_library())
    check_firmware(calls_of_firmware())


POLLER = "class Poller:\n    def __init__(self, core):\n        self._core = core\n"
SESSION = "class Session:\n    def wake(self): pass\n"


@pytest.mark.parametrize(
    ("sources", "wrong"),
    [
        ({"poller": "from .session import Session\n", "session": SESSION}, "poller uses session"),
        (
            {"poller": "def f():\n    from .session import Session\n", "session": SESSION},
            "poller uses session",
        ),
        (
            {
                "poller": POLLER + "    def run(self):\n        self._core.wake()\n",
                "session": SESSION,
                "parts": "session = Session()\n"
                "def make():\n    session = Session()\n    Poller(session)\n",
            },
            "poller uses session",
        ),
        (
            {
                "poller": POLLER
                + "    def run(self):\n        it = self.late\n        it.wake()\n",
                "session": SESSION,
                "parts": "def make():\n    poller = Poller(0)\n    poller.late = Session()\n",
            },
            "poller uses session",
        ),
        (
            {
                "poller": POLLER,
                "session": SESSION,
                "parts": "def make():\n    Session()\n    Poller(0)\n",
            },
            "in another order",
        ),
        ({"poller": "from .news import News\n", "news": ""}, "news is not in the order"),
    ],
)
def test_an_arrow_that_points_up_is_seen(
    tmp_path: Path, sources: dict[str, str], wrong: str
) -> None:
    with pytest.raises(ValueError, match=wrong):
        check_library(library_of(tmp_path, **sources))


def test_an_exception_that_is_not_needed_is_seen() -> None:
    assert upward({("b", "a")}, ["a", "b"], {("a", "b")}) == ["a → b is allowed and not there"]
    assert upward({("a", "b")}, ["a", "b"], {("a", "b")}) == []


def test_each_callback_is_named_and_there_are_few() -> None:
    callbacks = {one.name for one in calls_of_library().callbacks} - NO_CALLBACK
    assert named("## Callbacks") == callbacks
    assert len(callbacks) <= MOST_CALLBACKS


def test_each_callback_of_the_firmware_is_named() -> None:
    callbacks = {one.name for one in calls_of_firmware().callbacks}
    assert named("The firmware's own") == callbacks


@pytest.mark.parametrize(
    "source",
    [
        "class A:\n    def __init__(self, on_news):\n        self._on_news = on_news\n"
        "    def run(self):\n        self._on_news(1)\n",
        "class A:\n    def __init__(self):\n        self.on_news = nothing\n"
        "    def run(self):\n        self.on_news()\n"
        "def nothing(): pass\n",
        "class A:\n    def __init__(self, on_news):\n        self.on_news = on_news or nothing\n"
        "    def run(self):\n        self.on_news()\n"
        "def nothing(): pass\n",
        "class A:\n    async def run(self, on_news):\n        await on_news()\n",
        "class A:\n    def run(self, on_news):\n        self._on_news = on_news\n"
        "    def _step(self):\n        self._on_news(1)\n",
        "def watch(core, on_news):\n    on_news()\n",
        "class A:\n    def __init__(self):\n        self.on_news = None\n"
        "    def run(self):\n        self.on_news()\n"
        "class B:\n    def __init__(self):\n        a = A()\n        a.on_news = self.learn\n"
        "    def learn(self): pass\n",
    ],
)
def test_each_kind_of_callback_is_seen(tmp_path: Path, source: str) -> None:
    callbacks = library_of(tmp_path, poller=source).callbacks
    assert {(one.name, one.caller) for one in callbacks} == {("on_news", "poller")}


def test_each_fact_has_one_writing_part() -> None:
    in_library = writers(LIBRARY)
    assert len(in_library) > 20
    assert in_library.pop("fault") == [] == in_library.pop("application")
    assert {fact: paths for fact, paths in in_library.items() if len(paths) != 1} == {}
    in_firmware = {fact: paths for fact, paths in writers(FIRMWARE).items() if paths}
    assert in_firmware == {
        "fault": ["firmware/memory.py"],
        "application": ["firmware/application.py"],
    }


@pytest.mark.parametrize(
    "line",
    [
        "self._core.status.update(paused=True)",
        "status.update(joined=False, paused=None)",
        "facts = {'paused': 1}; status.update(**facts)",
        "facts = {}; facts['paused'] = 1; status.update(**facts)",
        "self.status.paused = False",
    ],
)
def test_each_way_to_write_a_fact_is_seen(line: str) -> None:
    assert "paused" in written(f"def f(self, status):\n    {line}\n") & set(facts())


def test_no_constructor_takes_more_than_six_parameters() -> None:
    found = {
        (str(path.relative_to(ROOT)), name): count
        for folder in (LIBRARY, FIRMWARE)
        for path in folder.rglob("*.py")
        for name, count in constructors(path.read_text())
    }
    assert len(found) > 40
    many = {where: count for where, count in found.items() if count > MOST_PARAMETERS}
    assert {name for _, name in many} == PUBLIC


def test_a_constructor_s_parameters_are_counted() -> None:
    source = "class A:\n    def __init__(self, a, b=1, *c, d, e=2, **f): pass\nclass B: pass\n"
    assert list(constructors(source)) == [("A", 6)]


@pytest.mark.parametrize("document", [TARGET, ROOT / "CONTRIBUTING.md"])
def test_each_file_and_test_that_is_named_exists(document: Path) -> None:
    paths = re.findall(r"`((?:lib|firmware|tests|tools|docs)/[\w./:]+)`", document.read_text())
    assert len(paths) > 20
    for path in set(paths) - {"firmware/boards/NAME.py"}:
        assert has_test(path) if "::" in path else (ROOT / path).exists(), path


def test_every_state_of_the_session_is_reached_and_each_outcome_leads_to_one_state() -> None:
    rows = transitions((LIBRARY / "session.py").read_text())
    states = {row[0] for row in rows}
    reached = {rows[0][0]}
    for _ in rows:
        reached |= {following for state, _, following in rows if state in reached}
    assert reached == states
    assert len({(state, outcome) for state, outcome, _ in rows}) == len(rows)


STATES = '''"""A session.

What leads where:

    up        lost → down,
              kept → up
    down      found → up
"""
class Session:
    async def _at_up(self):
        return self._again(self._at_up)
    async def _at_down(self):
        %s
    def _again(self, kept):
        return kept or self._at_down
'''


def test_the_states_are_read() -> None:
    rows = [("up", "lost", "down"), ("up", "kept", "up"), ("down", "found", "up")]
    assert transitions(STATES % "return self._at_up") == rows


@pytest.mark.parametrize(
    "line", ["return self._at_down", "return self._again(self._at_up)", "self._at_up", "pass"]
)
def test_a_method_that_leads_elsewhere_is_seen(line: str) -> None:
    with pytest.raises(ValueError, match="the session's down leads to"):
        transitions(STATES % line)
