"""Phoenix messages, V1: what we send is as Frame.io documents it; keys may come in any order."""

from pilotlight.net.errors import ProtocolError
from pilotlight.net.json_pick import MISSING, OBJECT
from pilotlight.net.phoenix import MessageReader, message
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


def test_what_is_not_phoenix_s_has_no_topic():
    for text in (
        "",
        " \r\n",
        "[]",
        '"x"',
        "7",
        "{}",
        '{"topic":"t"}',
        '{"event":"e"}',
        '{"topic":1,"event":"e"}',
        '{"topic":"t","event":null}',
        '[null,"1","t","e",{}]',
    ):
        got = read(text)
        assert (got.topic, got.event) == (None, None), text


def test_what_is_not_json():
    for text in ("{", "<html>", "[" * 4000, '{"topic":"t","event":NaN}', "{}{}"):
        with raises(ProtocolError):
            read(text)


def test_a_message_in_pieces():
    text = b'{"event":"e","payload":{"status":"paused","pad":"%s"},"topic":"t"}'
    reader = MessageReader()
    for size, pad in ((1 << 20, 60_000), (512, 60_000), (1, 3000)):
        data = text % (b"x" * pad)
        for at in range(0, len(data), size):
            end = min(at + size, len(data))
            reader.read(data, at, end, at == 0, end == len(data))
        assert (reader.topic, reader.event, reader.status) == ("t", "e", "paused")
        reader.read(b"", 0, 0)
        assert reader.topic is None


def test_what_is_too_much_is_cut_or_skipped():
    deep = "[" * 1000 + "]" * 1000
    got = read(
        '{"x":%s,"y":%s,"ref":%s,"payload":"%s","event":"status_updated","event":"%s","topic":"t"}'
        % (deep, "1" * 300, "1" * 300, "p" * 300, "e" * 300)
    )
    assert (got.topic, got.event, got.ref) == ("t", "e" * 256, MISSING)
    assert got.payload == "p" * 256
