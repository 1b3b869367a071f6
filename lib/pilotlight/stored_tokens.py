"""What is stored of this unit and its tokens: read and checked once, after power-on."""

import binascii
import os

from micropython import const

from .token_text import is_token

_LATEST_S = const(4_102_444_800)  # 2100: no time of ours is later


def read(records, host: str, given: str | None):
    """(this unit's client_id, its pair of tokens as it is stored, or {}).

    records: the Record of the pair, and the one of the client_id, which is stored if it is new.
    host: the service that the pair must belong to. given: the client_id of the settings, or None.
    """
    authorization, client = records
    known, stored, pair = _uuid(), client.load(), authorization.load()
    for kept in (pair.get("client_id"), stored.get("client_id"), given):
        if is_token(kept):
            known = str(kept)
    if stored and not is_token(stored.get("client_id")):
        client.refuse("it holds no client_id")
    if stored.get("client_id") != known:
        client.save({"client_id": known})
    if _is_whole(pair):
        if pair["client_id"] != known:
            authorization.refuse("it belongs to another client_id")
        elif pair["host"] != host:
            authorization.refuse("it belongs to another service")
        else:
            return known, pair
    elif pair and pair != {"client_id": known}:
        authorization.refuse("it holds no pair of tokens")
    return known, {}


def _uuid() -> str:
    """A random UUID (RFC 9562 section 5.4): not the MAC address, which Frame.io does not want."""
    data = bytearray(os.urandom(16))
    data[6] = data[6] & 0x0F | 0x40
    data[8] = data[8] & 0x3F | 0x80
    digits = binascii.hexlify(bytes(data)).decode()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _is_whole(record: dict) -> bool:
    """The record holds a whole pair of tokens."""
    for name in ("client_id", "host", "key", "access_token", "refresh_token"):
        if not is_token(record.get(name)):
            return False
    refresh_s, expires_s = record.get("refresh_s"), record.get("expires_s")
    if type(refresh_s) is not int or type(expires_s) is not int:  # a bool is an int, too
        return False
    return 0 <= refresh_s <= expires_s < _LATEST_S
