"""Phoenix messages: Phoenix reads what we send; any input is accepted or refused."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pilotlight.net.errors import ProtocolError
from pilotlight.net.phoenix import MessageReader, message

words = st.text(max_size=20)
payloads = (
    st.none()
    | words
    | st.dictionaries(
        st.sampled_from(["status", "response", "reason"]),
        words | st.dictionaries(st.just("reason"), words),
    )
)


@given(words, words, words)
def test_what_we_send(topic: str, event: str, ref: str) -> None:
    try:
        text = message(topic, event, ref)
    except ValueError:
        return
    assert json.loads(text) == {"topic": topic, "event": event, "payload": "", "ref": ref}


@given(
    words, words, st.none() | words, payloads, st.permutations(["topic", "event", "ref", "payload"])
)
def test_what_phoenix_sends(
    topic: str, event: str, ref: str | None, payload: Any, order: list[str]
) -> None:
    whole = {"topic": topic, "event": event, "ref": ref, "payload": payload}
    data = json.dumps({key: whole[key] for key in order}).encode()
    reader = MessageReader()
    reader.read(data, 0, len(data))
    assert (reader.topic, reader.event, reader.ref) == (topic, event, ref)
    if not isinstance(payload, dict):
        assert reader.payload == payload
    elif isinstance(payload.get("status"), str):
        assert reader.status == payload["status"]


@given(
    st.binary(max_size=80)
    | st.recursive(
        st.none() | words, lambda inner: st.lists(inner) | st.dictionaries(words, inner)
    ).map(lambda value: json.dumps(value).encode())
)
def test_anything_else(data: bytes) -> None:
    reader = MessageReader()
    try:
        reader.read(data, 0, len(data))
    except ProtocolError:
        return
    data = data.lstrip(b"\xef\xbb\xbf \t\r\n")  # a byte order mark, or a part of one
    value = json.loads(data.decode(errors="replace")) if data else None
    names = [value.get(name) for name in ("topic", "event")] if isinstance(value, dict) else []
    is_message = bool(names) and all(isinstance(name, str) for name in names)
    assert [reader.topic, reader.event] == (names if is_message else [None, None])
