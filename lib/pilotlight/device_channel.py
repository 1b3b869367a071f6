"""The device's channel at Frame.io: its address, its topic, and what `status_updated` means. Nothing generic.

Source: Frame.io's guide "How to: Manage Status and State".
"""

from micropython import const

from .net.url_encoding import percent_encode

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
