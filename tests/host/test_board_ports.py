"""The ports of a virtual board are its own alone, for as long as they are kept."""

import socket
import sys

import pytest

from tools.virtual_board.ports import BoardPorts

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs shared addresses")
KINDS = {80: socket.SOCK_STREAM, 53: socket.SOCK_DGRAM}


def server(kind: socket.SocketKind, port: int, shares: bool) -> socket.socket:
    made = socket.socket(socket.AF_INET, kind)
    if shares:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    return made


def test_nobody_else_is_given_one() -> None:
    ports = BoardPorts(KINDS)
    for port, kind in KINDS.items():
        with pytest.raises(OSError, match="in use"):
            server(kind, ports.at[port], shares=False)
    ports.close()
    for port, kind in KINDS.items():
        server(kind, ports.at[port], shares=False).close()


def test_what_is_sent_there_is_the_board_s_after_each_reset() -> None:
    ports = BoardPorts(KINDS)
    for _ in range(3):
        with server(KINDS[80], ports.at[80], shares=True) as web:
            web.listen()
            with socket.create_connection(("127.0.0.1", ports.at[80])) as phone:
                web.accept()[0].close()
                assert phone.recv(1) == b""
        with server(KINDS[53], ports.at[53], shares=True) as names:
            names.settimeout(10)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
                phone.sendto(b"?", ("127.0.0.1", ports.at[53]))
            assert names.recv(9) == b"?"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", ports.at[80]))
    ports.close()
