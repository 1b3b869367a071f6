"""A file in parts to the mock's storage, over TLS, through whatever cuts the link."""

import hashlib
import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tools.mock_frameio.tokens import MARK
from tools.rig import DEADLINE_S, MICROPYTHON, ROOT, Line, Mock, Rig

PROGRAM = ROOT / "tests/support/uploader.py"
HEAP = "1m"


class Uploader:
    """The program as a process, which uploads this file. output: all that it has said."""

    def __init__(
        self,
        mock: Mock,
        file: Path,
        parts: int,
        like_a_chip: bool = False,
    ) -> None:
        asset = mock.new_asset(filesize=file.stat().st_size, parts=parts)
        folder = mock.ca.parent
        order: dict[str, Any] = {
            "file": str(file),
            # As with Frame.io's roots, only one of them is the storage's.
            "roots": [str(folder / "ca.der"), str(folder / "storage-ca.der")],
            "urls": asset["upload_urls"],
            "like_a_chip": like_a_chip,
        }
        self.output = ""
        self._process = subprocess.Popen(
            [MICROPYTHON, "-X", f"heapsize={HEAP}", str(PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._say(json.dumps(order))

    def go_on(self, stall_ms: int = 60_000) -> Line:
        """Let it try once; how it ended."""
        self._say(str(stall_ms))
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        self.output += line
        assert line.startswith("{"), line + self.end() + self.output
        return dict(json.loads(line))

    def end(self) -> str:
        """Wait for its end; what it has said on stderr."""
        rest, errors = self._process.communicate(timeout=DEADLINE_S)
        self.output += rest + errors
        return errors

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()


@pytest.fixture
def mock(rig: Rig) -> Mock:
    """A mock with TLS, and a storage with its own."""
    return rig.mock(tls=True)


def test_20_mb_with_the_link_cut_five_times(mock: Mock, tmp_path: Path) -> None:
    body = random.Random(18).randbytes(20_000_000)
    file = tmp_path / "A001.mp4"
    file.write_bytes(body)
    uploader = Uploader(mock, file, 4)
    # For each try: what happens to it, after so many bytes of its part; None: nothing.
    tries = (
        ("reset", 1_500_000),
        ("reset", 4_999_999),
        None,
        ("reset", 0),
        None,
        None,
        ("stall", 3_000_000),
        ("reset", 2_000_000),
        None,
    )
    lines = []
    for trouble in tries:
        if trouble:
            mock.control("storage", what=trouble[0], after_bytes=trouble[1], times=1)
        is_stalled = trouble is not None and trouble[0] == "stall"
        lines.append(uploader.go_on(1_000 if is_stalled else 60_000))
        is_lost = lines[-1]["error"] in ("reset", "closed", "timeout")
        assert is_lost if trouble else lines[-1]["error"] is None, lines
    errors = uploader.end()
    (facts,) = mock.uploads()
    assert facts["sha256"] == hashlib.sha256(body).hexdigest()
    assert [part["tries"] for part in facts["parts"]] == [3, 2, 1, 3]
    # It needs the same memory for each MB: that of the objects that asyncio makes while it waits.
    assert max(line["bytes_per_mb"] for line in lines if line["error"] is None) < 2_000, lines
    assert all(line["turns"] for line in lines if line["error"] is None)
    assert errors.count("Traceback") == 5
    assert MARK not in uploader.output


def test_what_the_storage_s_refusals_are_called(mock: Mock, tmp_path: Path) -> None:
    """The storage answers at the head, or in the middle, and reads no more of 3 MB."""
    file = tmp_path / "A001.mp4"
    file.write_bytes(bytes(3_000_000))
    uploader = Uploader(mock, file, 1, like_a_chip=True)
    for what, reason in (
        ("expired", "address_expired"),
        ("refused", "put_refused"),
        ("busy", "try_later"),
        ("failed", "try_later"),
        ("moved", "moved"),
    ):
        for after_bytes in (0, 500_000):
            mock.control("storage", what=what, after_bytes=after_bytes, times=1)
            line = uploader.go_on()
            # It came too fast: PutClient gives it time now.
            if line["error"] in ("reset", "closed"):
                mock.control("storage", what=what, times=1)
                line = uploader.go_on()
            assert line["error"] == reason, (what, after_bytes, line)
            assert line["sent_bytes"] < 2_000_000
    assert uploader.go_on()["error"] is None
    uploader.end()
    assert mock.uploads()[0]["sha256"] == hashlib.sha256(bytes(3_000_000)).hexdigest()
    assert MARK not in uploader.output


def test_a_slow_storage_takes_longer_than_its_silence_may_last(mock: Mock, tmp_path: Path) -> None:
    """Bytes move all the time, so it ends only when it is done."""
    body = random.Random(7).randbytes(1_500_000)
    file = tmp_path / "A001.mp4"
    file.write_bytes(body)
    mock.control("storage_rate", bytes_per_s=300_000)
    uploader = Uploader(mock, file, 1, like_a_chip=True)
    line = uploader.go_on(4_000)
    assert line["error"] is None and line["turns"] > 100, line
    uploader.end()
    assert mock.uploads()[0]["sha256"] == hashlib.sha256(body).hexdigest()
