"""Phoenix messages, V1: what we send is as Frame.io documents it; keys may come in any order."""

from pilotlight.net.errors import ProtocolError
from pilotlight.net.json_pick import MISSING, OBJECT
from pilotlight.net.phoenix_messages import MessageReader, message
from tests.support.expect import raises


def read(text):
    data = text.encode()
    reader = MessageReader()
    reader.read(bytearray(b"before" + data + b"behind"), 6, 6 + len(data))
    return reader


def test_what_we_send():
    assert message("devices:ID", "phx_join", "channel_connect") == (
        b'{"topic":"devices:ID","event":"phx_join","payload":"","ref":"channel_connect"}'
    )
    assert message("phoenix", "heartbeat", "heartbeat") == (
        b'{"topic":"phoenix","event":"heartbeat","payload":"","ref":"heartbeat"}'
    )
    for bad in ('a"b', "a\\b", "a\nb", "ä"):
        with raises(ValueError):
            message(bad, "phx_join", "r")


def test_replies_in_any_key_order():
    for text in (
        '{"event":"phx_reply","payload":{"response":{},"status":"ok"},"ref":"r","topic":"t"}',
        '{"topic":"t","ref":"r","payload":{"status":"ok","response":{}},"event":"phx_reply"}',
    ):
        got = read(text)
        assert (got.topic, got.event, got.ref, got.payload, got.status, got.reason) == (
            "t",
            "phx_reply",
            "r",
            OBJECT,
            "ok",
            MISSING,
        )


def test_a_refusal_and_a_push():
    got = read(
        '{"event":"phx_reply","payload":{"status":"error","response":{"reason":"unauthorized"}},'
        '"ref":"r","topic":"t"}'
    )
    assert (got.status, got.reason) == ("error", "unauthorized")
    got = read('{"event":"status_updated","payload":"paused","ref":null,"topic":"t"}')
    assert (got.payload, got.ref, got.status) == ("paused", None, MISSING)


def test_what_is_no_message():
    for text in (
        "",
        "{",
        "[]",
        '"x"',
        "{}",
        '{"topic":"t"}',
        '{"event":"e"}',
        '{"topic":1,"event":"e"}',
        "[" * 4000,
    ):
        with raises(ProtocolError):
            read(text)
