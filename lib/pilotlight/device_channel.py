"""The device's channel at Frame.io: its address, its topic, and what `status_updated` means. Nothing generic.

Source: Frame.io's guide "How to: Manage Status and State".
"""

from micropython import const

JOIN_REF = "channel_connect"
HEARTBEAT_REF = "heartbeat"
_PATH = const("/devices/websocket")


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
    encoded = bytearray()
    for byte in text.encode():
        letter = 0x61 <= byte | 0x20 <= 0x7A and byte < 0x80
        if letter or 0x30 <= byte <= 0x39 or byte in (0x2D, 0x2E, 0x5F, 0x7E):
            encoded.append(byte)
        else:
            encoded.extend(b"%%%02X" % byte)
    return encoded.decode()
