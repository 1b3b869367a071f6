"""The built-in `socket`, in whose look-ups the board's own ports are others of this computer.

VIRTUAL_PORTS in the environment is a JSON object: port on the board → port at 127.0.0.1. A server's
address that is not in there gets any free port, which no client knows.
"""

import json
import os

import usocket
from usocket import *  # noqa: F403  # all that is there

_ANY = "0.0.0.0"
_ports = json.loads(os.getenv("VIRTUAL_PORTS") or "{}")


def getaddrinfo(host, port, *more):
    """As the built-in one."""
    if host == _ANY:
        host, port = "127.0.0.1", _ports.get(str(port), 0)
    return usocket.getaddrinfo(host, port, *more)
