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
    """Reads one message after another, piece by piece, in constant memory.

    topic, event: text; None if what was read is no message of Phoenix's: an empty text, or a JSON
    text without one of these. ref, payload: text, or what JsonPick gives for other values. status,
    reason: a reply's `payload.status` and `payload.response.reason`, as JsonPick gives them. Texts
    are cut at 256 bytes.
    """

    def __init__(self) -> None:
        self._pick = JsonPick()
        self.topic: str | None = None
        self.event: str | None = None

    def read(self, data, start: int, end: int, is_first: bool = True, is_last: bool = True) -> None:
        """Read data[start:end], a piece of a message.

        is_first, is_last: whether it is its first one and its last one. After the last one the
        attributes are set. Raises ProtocolError if the message is not JSON.
        """
        pick = self._pick
        if is_first:
            pick.begin(_FIELDS)
        try:
            pick.feed(data, start, end)
            if is_last and not pick.is_empty:
                pick.finish()
        except JsonError as error:
            raise ProtocolError("a message is not JSON: %s" % error, 1007)
        if not is_last:
            return
        fields = pick.fields
        topic, event = fields["topic"], fields["event"]
        self.topic = self.event = None
        if isinstance(topic, str) and isinstance(event, str):
            self.topic = topic
            self.event = event
        self.ref = fields["ref"]
        self.payload = fields["payload"]
        self.status = fields[_STATUS]
        self.reason = fields[_REASON]
