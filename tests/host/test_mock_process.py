"""The mock as a program: what garbage, wrong arguments and the end of its parent do to it."""

import contextlib
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tools.mock_frameio.parts import PARTS
from tools.rig import ROOT

COMMAND = [sys.executable, "-m", "tools.mock_frameio"]
BIG = "9" * 900
BODIES = [
    b"",
    b"\x00\xff",
    b"[" * 100_000,
    b"NaN",
    b'{"name":"x","filetype":"y","filesize":1,"offset":%s}' % BIG.encode(),
    b'{"name":"x","filetype":"y","filesize":1,"offset":-%s}' % BIG.encode(),
    b'{"name":"\\ud800","filetype":"y","filesize":true,"offset":1}',
    b"a=%ff%zz&client_id=%00",
    b"&" * 100_000,
    b"--x\r\n",
    b"--x\r\nContent-Disposition: form-data\r\n\r\nab\r\n--x--\r\n",
    b"--x\r\nContent-Disposition: form-data; name=client_id\r\n"
    b"Content-Type: text/plain; charset=unheard-of\r\n\r\nab\r\n--x--\r\n",
    b"--x\r\nContent-Disposition: form-data; name=client_id\r\n"
    b"Content-Encoding: gzip\r\n\r\nab\r\n--x--\r\n",
    b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\n--y--\r\n--x--\r\n",
    b"x" * ((1 << 20) + 1),
]
TYPES = [
    b"application/json",
    b"application/json; charset=unheard-of",
    b"application/x-www-form-urlencoded; charset=utf-16",
    b"multipart/form-data; boundary=x",
    b"multipart/form-data",
    b"\xff",
    b"",
]
FIELDS = [
    b"Authorization: Bearer mock-access-token",
    b"Authorization: Bearer mock-access-token\r\nContent-Encoding: gzip",
    b"Authorization: Bearer \xfe\xff",
    b"Authorization: Bearer",
    b"Authorization: \x01",
    b"x-client-version: \xff",
    b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short",
    b"Transfer-Encoding: chunked",
    b"Content-Length: 1",
]


def ask(port: int, data: bytes, is_cut: bool = False) -> bytes:
    """The begin of what comes back. is_cut: no more comes behind the data."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
        try:
            sock.sendall(data)
            if is_cut:
                sock.shutdown(socket.SHUT_WR)
            return sock.recv(4096)
        except ConnectionError:
            return b""  # it was refused before all of it was sent


def test_garbage_is_refused_and_is_no_traceback(tmp_path: Path) -> None:
    with (tmp_path / "errors").open("w") as errors:
        mock = subprocess.Popen(
            [*COMMAND, "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    assert mock.stdout is not None
    found = re.search(r":(\d+)$", mock.stdout.readline().strip())
    assert found
    port = int(found.group(1))
    statuses = set()
    requests = [(body, content_type, FIELDS[0]) for body in BODIES for content_type in TYPES] + [
        (body, TYPES[0], fields) for body in BODIES[:3] for fields in FIELDS
    ]
    try:
        for path in PARTS:
            target = path + "?Authorization=Bearer%20mock-access-token"
            for body, content_type, fields in requests:
                for method in ("GET", "POST"):
                    head = (
                        f"{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n".encode()
                    )
                    head += b"Content-Type: " + content_type + b"\r\n" + fields + b"\r\n"
                    is_cut = fields.startswith((b"Transfer-Encoding", b"Content-Length"))
                    if not is_cut:
                        head += b"Content-Length: %d\r\n" % len(body)
                    answer = ask(port, head + b"\r\n" + body, is_cut)
                    statuses.add(answer[9:12])
                    assert answer[9:10] != b"5", (head, body[:80], answer)
        for data in (
            b"\x16\x03\x01\x02\r\n\r\n",
            b"GET\r\n\r\n",
            b"\r\n" * 9,
            b"GET / HTTP/9.9\r\n\r\n",
        ):
            assert ask(port, data, is_cut=True)[9:10] in (b"4", b""), data
        assert b" 200 " in ask(port, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    finally:
        mock.send_signal(signal.SIGINT)
        assert mock.wait(120) == 0
    assert statuses >= {b"200", b"400", b"401", b"405", b"413"}
    said = (tmp_path / "errors").read_text().splitlines()
    assert all(re.fullmatch(r"mock Frame\.io: refused: [ -~]*", line) for line in said), said[:50]


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ("--port 65536", 2, "--port: 65536 is not from 0 to 65535"),
        ("--port eighty", 2, "--port"),
        ("--idle-s -1", 2, "--idle-s: -1 is not from 0 to "),
        ("--token-life-s nan", 2, "--token-life-s: nan is not"),
        ("--identity-bytes 1e3", 2, "--identity-bytes"),
        ("--tls --port 0 --tls-dir /dev/null/x", 1, "the mock can't start: "),
        ("--port {used}", 1, "the mock can't start: "),
        ("--port 0 --state README.md", 1, "README.md holds no state of a mock"),
    ],
)
def test_wrong_arguments_are_a_sentence(arguments: str, code: int, sentence: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        used = str(other.getsockname()[1])
        done = subprocess.run(
            [*COMMAND, *arguments.replace("{used}", used).split()],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert done.returncode == code
    assert sentence in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("what", ["ca.pem", "ca-key.pem"])
def test_a_broken_ca_is_a_sentence(tmp_path: Path, what: str) -> None:
    for name in ("ca.pem", "ca-key.pem"):
        (tmp_path / name).write_text("no certificate" if name == what else "")
    done = subprocess.run(
        [*COMMAND, "--port", "0", "--tls", "--tls-dir", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_it_ends_with_the_process_that_started_it() -> None:
    mock = subprocess.Popen(
        [*COMMAND, "--port", "0", "--end-with-stdin"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert mock.stdin is not None and mock.stdout is not None and mock.stderr is not None
    mock.stdout.readline()
    mock.stdin.close()
    assert mock.wait(120) == 0
    assert mock.stderr.read() == ""


def test_ctrl_c_twice_and_a_reader_that_has_gone() -> None:
    mock = subprocess.Popen(
        [*COMMAND, "--port", "0"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert mock.stdout is not None
    mock.stdout.readline()
    said = None
    while said is None:  # no faster: signals by the thousand fill asyncio's own pipe, then stderr
        mock.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            said = mock.communicate(timeout=0.02)[1]
    assert "Traceback" not in said
    shell = f'"{sys.executable}" -m tools.mock_frameio --port 0 | true'
    done = subprocess.run(
        ["sh", "-c", shell], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.stderr == ""
