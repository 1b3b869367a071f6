"""The connection to the host: VIRTUAL_BOARD names its address, 127.0.0.1:PORT; without it, the
board is alone.

Events go there and orders come from there, as lines of JSON. When the host ends it the board goes
off, because nothing else could switch it off.
"""

import errno
import json
import os
import socket
import sys

import uselect

from . import events, interrupts, orders, power

_PATIENCE_MS = 2000  # for a host that reads nothing; after that, nothing is told any more
_CHUNK_BYTES = 1024

_socket = None
_writable = None
_received = b""
_lost = 0  # events that the host knows to be lost


def connect():
    """Connect, if there is a host."""
    global _socket, _writable
    host, _, port = (os.getenv("VIRTUAL_BOARD") or "").rpartition(":")
    if not port:
        return
    _socket = socket.socket()
    _socket.connect(socket.getaddrinfo(host, int(port))[0][-1])
    _socket.setblocking(False)
    _writable = uselect.poll()
    _writable.register(_socket, uselect.POLLOUT)
    interrupts.use_line(_socket, _receive)
    events.listen(_send)


def _send(event):
    global _lost
    text = events.as_line(event)
    if events.lost != _lost:
        _lost = events.lost
        text = events.as_line({"kind": "lost", "count": _lost}) + text
    left = memoryview(text.encode())
    try:
        while left:
            try:
                left = left[_socket.send(left) :]
            except OSError as error:
                if error.errno != errno.EAGAIN or not _writable.poll(_PATIENCE_MS):
                    raise
    except OSError:
        events.ignore(_send)
        print("virtual board: the host takes no more events", file=sys.stderr)


def _receive():
    global _received
    try:
        chunk = _socket.recv(_CHUNK_BYTES)
    except OSError as error:
        if error.errno == errno.EAGAIN:
            return
        chunk = b""
    if not chunk:
        power.end(power.PWRON_RESET)
    lines = (_received + chunk).split(b"\n")
    _received = lines.pop()
    for line in lines:
        try:
            orders.obey(**json.loads(line))
        except (ValueError, TypeError, KeyError, AttributeError, ImportError) as error:
            sys.print_exception(error, sys.stderr)
            events.emit("refused", order=line.decode(), text=str(error))
