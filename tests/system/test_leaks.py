"""200 failed connects of every kind: each ends with the right error.

Each leaves no file open and no byte allocated.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.extent import share
from tests.support.failing_servers import HOST, FailingServers
from tools.rig import MICROPYTHON, ROOT

COUNT = 200
MANY = 3 * COUNT  # for kinds that take no time: there, eight bytes a connect would show
LONG_MS = 60_000  # a machine may be busy
HURRIED_MS = 3
# The heap is the same to the byte, except that now and then one or two closed transports are left,
# 544 bytes each: MicroPython's collector takes a stale word, on the C stack or in a task that was in
# asyncio's queue, for a pointer. A leak of 32 bytes a connect would be 3200 or more.
STALE_BYTES = 2000
MALLOC_STEP_PAGES = 33  # so much does malloc take from the system at a time


class Kind(NamedTuple):
    """How connects fail. reasons: by way, how they may end (nothing: well).

    total_ms: how long they may take.
    """

    name: str
    tls: bool
    reasons: dict[str, set[str]]
    total_ms: int = LONG_MS
    attempts: int = COUNT
    cancelled: bool = False


def both(*reasons: str) -> dict[str, set[str]]:
    """The same for the WebSocket and for an HTTP request."""
    return {"socket": set(reasons), "request": set(reasons)}


BEFORE_TLS = (
    Kind("refused", False, both("refused"), attempts=MANY),
    Kind("full backlog", False, both("timeout"), HURRIED_MS),
    Kind("black hole", False, both("timeout"), HURRIED_MS),
    Kind("reset at once", False, both("reset"), attempts=MANY),
    Kind("reset at the first bytes", False, both("reset"), attempts=MANY),
    Kind("reset in the head", False, both("reset"), attempts=MANY),
    Kind("closed at the first bytes", False, both("closed"), attempts=MANY),
    Kind("closed in the head", False, both("closed"), attempts=MANY),
    Kind("closed in the body", False, {"request": {"closed"}}, attempts=MANY),
    Kind("forbidden", False, {"socket": {"upgrade_refused"}}, attempts=MANY),
    Kind("join refused", False, {"socket": {"join_refused"}}),
    Kind("join unanswered", False, {"socket": {"timeout"}}, 3 * HURRIED_MS),
)
IN_TLS = (
    Kind("refused", True, both("refused")),
    Kind("black hole", True, both("timeout"), HURRIED_MS),
    Kind("reset at once", True, both("reset")),
    Kind("reset at the first bytes", True, both("reset")),
    Kind("reset in the handshake", True, both("reset")),
    Kind("closed at the first bytes", True, both("closed")),
    Kind("closed in the handshake", True, both("closed")),
    Kind("garbage", True, both("tls")),
    Kind("another root", True, both("certificate")),
    Kind("another name", True, both("host_name")),
    Kind("expired", True, both("expired")),
    Kind("not yet valid", True, both("clock")),
)
CANCELLED = Kind("well, TLS", True, both("cancelled", ""), attempts=260, cancelled=True)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[FailingServers]:
    """All servers, fresh."""
    servers = FailingServers(tmp_path)
    yield servers
    servers.close()


def connect(servers: FailingServers, kinds: tuple[Kind, ...]) -> list[dict[str, Any]]:
    """What failed_connects.py prints for these kinds. Fails at a leak or a wrong error."""
    job = {
        "ca": str(servers.ca),
        "host": HOST,
        "well": servers.ports["well"],
        "kinds": [
            {
                **kind._asdict(),
                "port": servers.ports[kind.name],
                "reasons": None,
                "ways": list(kind.reasons),
            }
            for kind in kinds
        ],
    }
    path = servers.ca.with_name("job.json")
    path.write_text(json.dumps(job))
    command = [MICROPYTHON, "tests/support/failed_connects.py", str(path)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=500, check=False
    )
    assert not done.returncode, done.stdout + done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["name"] for line in lines] == [kind.name for kind in kinds]
    for line, kind in zip(lines, kinds, strict=True):
        endings = line["endings"]
        assert endings.keys() == kind.reasons.keys()
        assert all(endings[way].keys() <= reasons for way, reasons in kind.reasons.items()), str(
            line
        )
        assert sum(sum(counts.values()) for counts in endings.values()) == kind.attempts
        (files, most_files), (heap, heap_after), (pages, pages_after) = (
            line["files"],
            line["heap"],
            line["pages"],
        )
        assert most_files == files, str(line)
        assert heap_after < heap + STALE_BYTES, str(line)
        assert pages_after <= pages + MALLOC_STEP_PAGES, str(line)
    return lines


def test_what_fails_before_tls(servers: FailingServers) -> None:
    connect(servers, tuple(share(BEFORE_TLS, 2)))


def test_what_fails_in_tls(servers: FailingServers) -> None:
    connect(servers, tuple(share(IN_TLS, 2)))


def test_cancelled_at_every_wait(servers: FailingServers) -> None:
    """Connects cancelled at the n-th wait, for each n; then one that is not; repeated."""
    [line] = connect(servers, (CANCELLED,))
    assert sum(counts["cancelled"] for counts in line["endings"].values()) >= COUNT
    assert all(counts[""] >= 5 for counts in line["endings"].values()), str(line)
    assert min(line["most_waits"]) >= 3, str(line)
