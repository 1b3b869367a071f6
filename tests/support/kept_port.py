"""A port that no other process of this computer gets before a test's server listens at it."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def kept_port(*hosts: str) -> Iterator[int]:
    """A free TCP port at each of these addresses, 127.0.0.1 without one, kept until the end.

    A bound socket keeps it. It does not listen, and lets a server bind the same address
    (SO_REUSEADDR). Where a system other than Linux forbids that, the port is only found.
    """
    with contextlib.ExitStack() as kept:
        for _ in range(20):
            port = 0
            with contextlib.ExitStack() as tried, contextlib.suppress(OSError):
                for host in hosts or ("127.0.0.1",):
                    keeper = tried.enter_context(socket.socket())
                    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    keeper.bind((host, port))
                    port = int(keeper.getsockname()[1])
                kept.push(tried.pop_all())
                break
        else:
            raise OSError(f"no port is free at all of {hosts}")
        if sys.platform != "linux":
            kept.close()
        yield port
