"""The name or address by which boards in the local network reach this computer."""

from __future__ import annotations

import argparse
import contextlib
import ipaddress
import re

_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_NAME_LENGTH = 253
_HERE_ONLY = ("127.0.0.1", "::1", "localhost")
_ANY = ("0.0.0.0", "::")
_SUCH_AS = "name the one by which a board reaches this computer, such as 192.168.1.20"


def lan_host(text: str) -> str:
    """An argument's type."""
    if text.lower() in _HERE_ONLY:
        raise argparse.ArgumentTypeError(
            f"{text} is each board's and each computer's own address: {_SUCH_AS}"
        )
    if text in _ANY:
        raise argparse.ArgumentTypeError(f"{text} stands for all addresses: {_SUCH_AS}")
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(text))
    if not _NAME.fullmatch(text) or len(text) > _NAME_LENGTH or re.fullmatch(r"[\d.]+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name or address: {_SUCH_AS}")
    return text
