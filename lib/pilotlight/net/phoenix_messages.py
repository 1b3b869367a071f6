"""Phoenix Channels messages, V1 JSON: an object with topic, event, payload and ref, all four always present. Pure.

Source: Phoenix's V1 serializer; a message that lacks one of the four crashes the server's socket process.
"""

from micropython import const

from .errors import ProtocolError
from .json_pick import JsonError, JsonPick

_PATHS = const(
    (
        (b"topic",),
        (b"event",),
        (b"ref",),
        (b"payload",),
        (b"payload", b"status"),
        (b"payload", b"response", b"reason"),
    )
)


def message(topic: str, event: str, ref: str) -> bytes:
    """A message with an empty payload, as text in UTF-8. The three words must need no JSON escapes; else ValueError."""
    for word in (topic, event, ref):
        for byte in word.encode():
            if not 0x20 <= byte <= 0x7E or byte in (0x22, 0x5C):
                raise ValueError(
                    "a Phoenix topic, event or ref holds a character that is not allowed here"
                )
    return ('{"topic":"%s","event":"%s","payload":"","ref":"%s"}' % (topic, event, ref)).encode()


class MessageReader:
    """Reads one message at a time, in constant memory.

    topic, event: text. ref, payload: text, None, or what JsonPick gives for other kinds. status, reason: the fields
    `payload.status` and `payload.response.reason` of a reply.
    """

    def __init__(self) -> None:
        self._pick = JsonPick()

    def read(self, data, start: int, end: int) -> None:
        """Read data[start:end]. Raises ProtocolError if it is not a message."""
        pick = self._pick
        pick.begin(_PATHS)
        try:
            pick.feed(data, start, end)
            pick.finish()
        except JsonError as error:
            raise ProtocolError("a message is not JSON: %s" % error, 1007)
        self.topic, self.event, self.ref, self.payload, self.status, self.reason = pick.values
        if not isinstance(self.topic, str) or not isinstance(self.event, str):
            raise ProtocolError("a message has no topic or no event", 1008)
