"""Phoenix Channels messages, V1 JSON: an object with topic, event, payload and ref. Pure.

Source: Phoenix's V1 serializer. All four must be sent: without one, the server's socket process
crashes.
"""

from micropython import const

from .errors import ProtocolError
from .json_pick import JsonError, JsonPick

_STATUS = const("payload.status")
_REASON = const("payload.response.reason")
_FIELDS = const(("topic", "event", "ref", "payload", _STATUS, _REASON))


def message(topic: str, event: str, ref: str) -> bytes:
    """A message with an empty payload, as UTF-8 text.

    Raises ValueError if topic, event or ref holds a character that JSON escapes, or is not ASCII.
    """
    for word in (topic, event, ref):
        for byte in word.encode():
            if not 0x20 <= byte <= 0x7E or byte in (0x22, 0x5C):
                raise ValueError(
                    "a Phoenix topic, event or ref holds a character that is not allowed here"
                )
    return ('{"topic":"%s","event":"%s","payload":"","ref":"%s"}' % (topic, event, ref)).encode()


class MessageReader:
    """Reads one message after another, in constant memory.

    topic, event: text. ref, payload: text, or what JsonPick gives for other values. status, reason:
    a reply's `payload.status` and `payload.response.reason`, as JsonPick gives them.
    """

    def __init__(self) -> None:
        self._pick = JsonPick()

    def read(self, data, start: int, end: int) -> None:
        """Read the message data[start:end]. Raises ProtocolError if it is not one."""
        pick = self._pick
        pick.begin(_FIELDS)
        try:
            pick.feed(data, start, end)
            pick.finish()
        except JsonError as error:
            raise ProtocolError("a message is not JSON: %s" % error, 1007)
        fields = pick.fields
        self.topic = fields["topic"]
        self.event = fields["event"]
        self.ref = fields["ref"]
        self.payload = fields["payload"]
        self.status = fields[_STATUS]
        self.reason = fields[_REASON]
        if not isinstance(self.topic, str) or not isinstance(self.event, str):
            raise ProtocolError("a message has no topic or no event", 1008)
