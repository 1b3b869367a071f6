"""The device's channel at Frame.io: its address, its topic, and what `status_updated` means. Nothing generic.

Source: Frame.io's guide "How to: Manage Status and State".
"""

from micropython import const

JOIN_REF = "channel_connect"
HEARTBEAT_REF = "heartbeat"
_PATH = const("/devices/websocket")
_UNRESERVED = const("-._~")


def socket_target(access_token: str) -> str:
    """Path and query of the device socket. The query holds the token: never print it."""
    return _PATH + "?Authorization=Bearer%20" + percent_encode(access_token)


def topic(device_id: str) -> str:
    """The topic to join; device_id is identity's `id` (not its `device_id`)."""
    return "devices:" + device_id


def paused_by(event: str, payload, status) -> bool | None:
    """What a push says about the pause: True, False, or None for an event that says nothing about it.

    payload: the push's text; status: the `status` field, should the payload be an object.
    """
    if event != "status_updated":
        return None
    word = status if isinstance(status, str) else payload
    if word == "paused":
        return True
    if word == "resumed":
        return False
    return None


def percent_encode(text: str) -> str:
    """RFC 3986 section 2.1: all but the unreserved characters as %XX of their UTF-8 bytes."""
    parts = []
    for byte in text.encode():
        character = chr(byte)
        if byte < 0x80 and (character.isalpha() or character.isdigit() or character in _UNRESERVED):
            parts.append(character)
        else:
            parts.append("%%%02X" % byte)
    return "".join(parts)
