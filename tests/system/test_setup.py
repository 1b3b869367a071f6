"""Setup mode of the real firmware on a virtual board, and a phone that is kind, or is not."""

from __future__ import annotations

import html
import json
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.phone import ADDRESS, PASSWORD, STAGE, TRUCK, BlankBoard
from tools.rig import Rig
from tools.virtual_board.session import HARD_RESET, PWRON_RESET

BUTTON = 0
RECORD = "state/known_networks.json"


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BlankBoard]:
    """A board in setup mode. It is in it still after each test."""
    with BlankBoard(tmp_path_factory.mktemp("board")) as board:
        board.power_on()
        board.wait_setup()
        yield board
        assert STAGE in board.page()
        assert "Traceback" not in board.errors + board.output
        assert [event for event in board.events if event["kind"] == "reset"] == []


def connect(board: BlankBoard) -> socket.socket:
    """A connection to its page."""
    return socket.create_connection(("127.0.0.1", board.port), timeout=60)


def sent(board: BlankBoard, data: bytes) -> bytes:
    """What comes back on these bytes, until the board closes."""
    with connect(board) as raw:
        back = b""
        try:
            raw.sendall(data)
            while piece := raw.recv(4096):
                back += piece
        except ConnectionError:
            pass  # it has closed before all was sent
        return back


@pytest.mark.slow
def test_from_the_box_to_pairing_and_to_another_network(tmp_path: Path, rig: Rig) -> None:
    """Every failure in words, then the network, then another one, which needs no pairing again.

    Nothing names a password.
    """
    mock = rig.mock()
    seen = ""
    with BlankBoard(tmp_path, mock.url, repl=False) as board:
        board.power_on()
        key = board.wait_setup()
        board.wait_line(state="no_network", reason="setup_mode")
        assert len(key) == 12
        for fields, words in (
            ({"ssid": STAGE, "password": "wr0ng-passw0rd"}, "refused the password"),
            ({"ssid": STAGE, "password": ""}, "security does not match"),
            ({"ssid": STAGE, "password": "short"}, "The password must be text of 8"),
            ({"ssid": "", "other": "Nowhere"}, "was not found"),
            ({"ssid": TRUCK, "password": PASSWORD}, "gave no address"),
        ):
            page = board.try_network(**fields)
            assert words in page and 'role="alert"' in page, page
            seen += page
        seen += board.try_network(ssid="", other="Vault", password=PASSWORD)
        assert "Connected to Vault" in seen
        after = len(board.lines)
        board.wait_line(state="pairing", after=after)
        assert [e["cause"] for e in board.events if e["kind"] == "power_on"] == [
            PWRON_RESET,
            HARD_RESET,
        ]
        second = [e["kind"] for e in board.events].index("reset")
        radio = [e["event"] for e in board.events[second:] if e["kind"] == "wifi"]
        assert radio[:3] == ["on", "off", "on"]  # at power-on, before the code takes the memory
        seen += board.output + board.errors
        mock.approve()
        board.wait_line(state="online")

        board.order("wifi", action="remove", ssid="Vault")
        board.wait_line(state="no_network", after=after)
        asked = len(mock.records(kind="auth", part="code"))
        after, seen_events = len(board.lines), board.mark()
        board.press(BUTTON, 1700)
        board.wait_setup(seen_events)
        page = board.page()
        assert "It knows: Vault</summary>" in page
        page += board.try_network(ssid="Cafe", password="")
        assert "Connected to Cafe" in page
        board.wait_line(state="online", after=after)
        assert not [line for line in board.lines[after:] if line["user_code"]]
        assert len(mock.records(kind="auth", part="code")) == asked > 0
        assert not [event for event in board.events if event["kind"] == "repl"]
        seen += page + board.output + board.errors
    assert json.loads(board.read_file(RECORD))["networks"] == [
        {"ssid": "Cafe", "password": None, "hidden": False},
        {"ssid": "Vault", "password": PASSWORD, "hidden": True},
    ]
    seen += board.read_file("state/log.json").decode()
    for secret in (PASSWORD, "wr0ng-passw0rd", key):
        assert secret not in seen
    assert "Traceback" not in seen


def hold_too_long(board: BlankBoard) -> None:
    """Hold the button until the display is off, and on; only then let it go."""
    after = board.mark()
    board.press(BUTTON)
    board.wait(lambda event: event["kind"] == "screen" and not event["on"], after)
    board.release(BUTTON)


def test_a_known_wifi_without_internet_is_left_for_another_one(tmp_path: Path, rig: Rig) -> None:
    """The next morning, in range of a Wi-Fi that wants a sign-in: it stays paired."""
    mock = rig.mock()
    with BlankBoard(tmp_path, mock.url) as board:
        known = {"ssid": STAGE, "password": PASSWORD}
        board.write_file(RECORD, json.dumps({"networks": [known]}))
        board.power_on()
        board.wait_line(state="pairing")
        mock.approve()
        board.wait_line(state="online")
        board.cut_power()

        asked = len(mock.records(kind="auth", part="code"))
        mock.control("refuse", part="all", status=200, body="<html><body>Please sign in</body>")
        seen = len(board.lines)
        board.power_on()
        board.wait_line(after=seen, state="no_backend")
        after = board.mark()
        hold_too_long(board)
        board.wait_setup(after)
        assert f"It knows: {STAGE}</summary>" in board.page()
        hold_too_long(board)  # and back: nothing has changed
        board.wait_line(after=seen, state="no_network", reason="setup_mode")
        seen = len(board.lines)
        board.wait_line(after=seen, state="no_backend")
        after = board.mark()
        hold_too_long(board)
        board.wait_setup(after)
        assert "Connected to Cafe" in board.try_network(ssid="Cafe", password="")
        mock.control("clear")  # this one has internet
        board.wait_line(after=seen, state="online")
        assert not [line for line in board.lines[seen:] if line["user_code"]]
        assert len(mock.records(kind="auth", part="code")) == asked
        assert "fault" not in [line["state"] for line in board.lines]
    kept = json.loads(board.read_file(RECORD))["networks"]
    assert [network["ssid"] for network in kept] == ["Cafe", STAGE]


def test_the_button_opens_it_and_leaves_it(tmp_path: Path) -> None:
    """Where no network can be reached; and leaving it changes nothing."""
    with BlankBoard(tmp_path, wifi={"ssid": "Elsewhere", "password": PASSWORD}) as board:
        board.power_on()
        board.wait_line(state="no_network", reason="wifi_not_found")
        after = board.mark()
        board.press(BUTTON, 1700)
        first = board.wait_setup(after)
        assert "It always knows: Elsewhere" in board.page()
        seen = len(board.lines)
        board.press(BUTTON, 1700)
        board.wait_line(after=seen, state="no_network", reason="wifi_not_found")
        after = board.mark()
        board.press(BUTTON, 1700)
        assert board.wait_setup(after) != first
    assert json.loads(board.read_file(RECORD)) == {"networks": []}


def test_forgotten_on_the_page_and_after_a_power_cut(tmp_path: Path) -> None:
    """The configuration's stays; the one that is forgotten is gone at once."""
    names = [STAGE, TRUCK, "Vault"]
    with BlankBoard(tmp_path, wifi={"ssid": "Elsewhere", "password": PASSWORD}) as board:
        networks = [{"ssid": name, "password": PASSWORD} for name in names]
        board.write_file(RECORD, json.dumps({"networks": networks, "setup": "wanted"}))
        board.power_on()
        board.wait_setup()
        page = board.page()
        assert "It always knows: Elsewhere" in page and "Forget Elsewhere" not in page
        assert all(f"Forget {html.escape(name)}</button>" in page for name in names)
        token = board.token()
        for name in (TRUCK, "Elsewhere", "never heard of", "Vault"):
            assert board.ask("/", {"token": token, "forget": name}).status == 303
        page = board.page()
        board.cut_power()
    assert f"It knows: {STAGE}</summary>" in page and "Forget Vault" not in page
    assert PASSWORD not in page + board.output + board.errors
    kept = json.loads(board.read_file(RECORD))["networks"]
    assert [network["ssid"] for network in kept] == [STAGE]


def test_ctrl_c_closes_it(tmp_path: Path) -> None:
    """It would outlive the program, and nothing would end it."""
    with BlankBoard(tmp_path, brightness=0) as board:
        board.power_on()
        board.wait_setup()
        after = board.mark()
        board.interrupt()
        board.wait("repl", after)
        assert [e["on"] for e in board.events[after:] if e["kind"] == "access_point"] == [False]
        assert not [e for e in board.events if e["kind"] == "pin" and e["pin"] == 2 and e["level"]]


def test_left_without_any_network_it_waits_until_the_next_power_on(tmp_path: Path) -> None:
    with BlankBoard(tmp_path) as board:
        board.power_on()
        board.wait_setup()
        seen = len(board.lines)
        board.press(BUTTON, 1700)
        board.wait_line(after=seen, state="no_network", reason="no_wifi_settings")
        board.cut_power()
        after = board.mark()
        board.power_on()
        board.wait_setup(after)


def test_without_a_display_the_label_s_password(tmp_path: Path) -> None:
    with BlankBoard(tmp_path, screen="none", setup_password="printed; on \\it") as board:
        board.power_on()
        assert board.wait_setup() == "printed; on \\it"
        board.ask("/", {"token": board.token(), "scan": ""})
        board.when_idle()  # by now it would be printed
        assert "Pilotlight-0001" in board.errors and "printed" not in board.errors


def test_without_display_and_label_the_console_has_the_password(tmp_path: Path) -> None:
    with BlankBoard(tmp_path, screen="none") as board:
        board.power_on()
        key = board.wait_setup()
        board.wait_log(f"password is {key}")


def test_every_name_and_every_foreign_host_leads_to_the_page(board: BlankBoard) -> None:
    query = struct.pack(">6H", 0xBEEF, 0x0100, 1, 0, 0, 0) + b"\7captive\5apple\3com\0\0\1\0\1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.settimeout(60)
        phone.sendto(b"\0" * 40, ("127.0.0.1", board.dns_port))
        phone.sendto(query, ("127.0.0.1", board.dns_port))
        reply = phone.recv(512)
    assert reply[:2] == b"\xbe\xef" and reply.endswith(socket.inet_aton(ADDRESS))
    for host, path in (
        ("captive.apple.com", "/hotspot-detect.html"),
        ("connectivitycheck.gstatic.com", "/generate_204"),
        ("www.msftconnecttest.com", "/connecttest.txt"),
        ("evil.example", "/"),
        ("evil.example", "/state"),
        (ADDRESS, "/no/such/page"),
    ):
        answer = board.ask(path, host=host)
        assert (answer.status, answer.headers["Location"]) == (302, f"http://{ADDRESS}/"), host
        assert not answer.text


def test_a_form_of_another_site_does_nothing(board: BlankBoard) -> None:
    form = {"ssid": STAGE, "password": PASSWORD}
    assert board.ask("/", form).status == 403
    assert board.ask("/", {**form, "token": "0" * 32}).status == 403
    assert board.ask("/", {"scan": ""}).status == 403
    assert board.ask("/", {"forget": STAGE}).status == 403
    assert board.ask("/", {}).status == 403
    assert board.ask("/", {**form, "token": board.token()}, host="evil.example").status == 302
    assert board.ask("/state", {**form, "token": board.token()}).status == 405
    assert board.ask("/state").text == "idle"


def test_names_from_the_air_are_text(board: BlankBoard) -> None:
    answer = board.ask()
    page = answer.text
    assert "The &lt;b&gt;&quot;Truck&quot;&lt;/b&gt; &amp; co: weak signal" in page
    assert "<b>" not in page and "Cafe: fair signal, open" in page
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_it_searches_again(board: BlankBoard) -> None:
    board.order("wifi", action="add", ssid="Late one", password=PASSWORD)
    try:
        board.ask("/", {"token": board.token(), "scan": ""})
        assert "Late one: strong signal" in board.when_idle()
    finally:
        board.order("wifi", action="remove", ssid="Late one")


GARBAGE = {
    "nothing": b"",
    "no request": b"\r\n\r\n",
    "one word": b"GET\r\n\r\n",
    "no version": b"GET / HTTP\r\n\r\n",
    "a head without a colon": b"GET / HTTP/1.1\r\nHost\r\n\r\n",
    "no text": b"GET /\xff\xfe HTTP/1.1\r\nHost: 192.168.4.1\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) + b"\n",
    "no length": b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
    "less than no length": b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\nssid=",
    "a form of nonsense": b"POST / HTTP/1.1\r\nHost: 192.168.4.1\r\nContent-Type: "
    b"application/x-www-form-urlencoded\r\nContent-Length: 10\r\n\r\ntoken=%zz\xff",
    "a path up": b"GET /../../config.json HTTP/1.1\r\nHost: 192.168.4.1\r\n\r\n",
    "a line without end": b"GET /" + b"a" * 1_000_000,
    "heads without end": b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 100_000,
    "a body of 1 MB": b"POST / HTTP/1.1\r\nHost: 192.168.4.1\r\nContent-Length: 1000000\r\n\r\n"
    + b"a" * 1_000_000,
    "more than the body": b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n" + b"a" * 100_000,
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage_costs_its_connection(board: BlankBoard, kind: str) -> None:
    with connect(board) as raw:
        back = b""
        try:
            raw.sendall(GARBAGE[kind])
            raw.shutdown(socket.SHUT_WR)
            while piece := raw.recv(4096):
                back += piece
        except OSError:
            pass  # it has closed before all was sent
    assert b" 200 " not in back and b"client_secret" not in back
    assert STAGE in board.page()


def test_a_thousand_connections_and_a_heap_as_before(board: BlankBoard) -> None:
    board.page()
    used = used_bytes(board)
    held = [connect(board) for _ in range(4)]
    for _ in range(1000):
        connect(board).close()
        time.sleep(0.004)  # a full backlog would cost a second each time
    assert used_bytes(board) - used < 32_000  # four are open
    for one in held:
        one.close()
    end_s = time.monotonic() + 60
    while True:
        try:
            assert STAGE in board.page()
            break
        except (OSError, AssertionError):
            assert time.monotonic() < end_s
    assert used_bytes(board) - used < 8_000


def used_bytes(board: BlankBoard) -> int:
    """The board's heap, without garbage, of which main.py lets gather a sixth of the heap."""
    after = board.mark()
    board.order("memory", without_garbage=True)
    return int(board.wait("memory", after)["used"])


def test_a_slow_reader_and_a_slow_writer_are_closed(board: BlankBoard) -> None:
    with connect(board) as slow, connect(board) as silent:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: 192.168.4.1\r\nX: ")
        assert STAGE in board.page()  # meanwhile
        begun_s = time.monotonic()
        for raw in (slow, silent):
            try:
                assert raw.recv(1) == b""
            except ConnectionResetError:
                pass
        assert time.monotonic() - begun_s < 60
