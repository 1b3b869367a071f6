"""The strict reader of config.json: what it accepts, and how it says what is wrong, and where."""

import json

from firmware.strict_json import LARGEST_BYTES, JsonError, loads
from tests.support.expect import raises

SECRET = b"s3cr3t"


def wrong(data):
    """(line, what is wrong) of a text that must be refused."""
    with raises(JsonError) as caught:
        loads(data)
    text = str(caught.error)
    assert SECRET.decode() not in text and "\n" not in text
    begin, _, what = text.partition(": ")
    assert begin.startswith("is not valid JSON, line "), text
    return int(begin.split()[-1]), what


def test_what_is_json():
    for text in (
        "{}",
        " \t\r\n{}\r\n",
        "[]",
        '{"a": [1, -0, -12, 1.5, 1e3, 1E-3, 0.25e+1], "b": {"c": null, "d": [true, false]}}',
        '["", "\\"\\\\\\/\\b\\f\\n\\r\\t", "ä€😀", "\\u00e4\\u20AC\\ud83d\\uDE00\\u0000"]',
        "[[[[[[[[]]]]]]]]",
        "123456789012345678901234567890",
    ):
        assert loads(text.encode()) == json.loads(text) or "\\ud83d" in text, text
    # MicroPython's json makes two halves of it, which no access point has as its name.
    assert loads(b'"\\ud83d\\ude00"') == "😀"


def test_how_editors_save_it():
    assert wrong(b"\xef\xbb\xbf{}") == (1, "a byte order mark; save it as UTF-8 without one")
    for data in (
        b"\xff\xfe{\0}\0",
        b"\xfe\xff\0{\0}",
        b"{\0}\0",
        b"\0{\0}",
        b"\xff\xfe\0\0{\0\0\0",
    ):
        assert wrong(data) == (1, "this is UTF-16; save it as UTF-8")
    assert wrong(b'{\n "a": "Ger\xe4t"\n}') == (
        2,
        "a character that is not UTF-8; save it as UTF-8",
    )
    assert wrong(b"{}\n\0") == (2, "nothing may follow the end of the JSON text")


def test_comments():
    for data, line in (
        (b"// x\n{}", 1),
        (b"{\n# x\n}", 2),
        (b'{"a": 1, /* x */\n"b": 2}', 1),
        (b'{"a": 1\n, "b": // x\n2}', 2),
        (b'{"a": 1 // x\n}', 1),
        (b'{"a": 1// x\n}', 1),
        (b'{"a" // x\n: 1}', 1),
        (b"{}\n\n// x", 3),
    ):
        assert wrong(data) == (line, "JSON has no comments"), data
    assert loads(b'{"a": "// # /* x */"}') == {"a": "// # /* x */"}


def test_commas_and_colons():
    missing = "a comma, or a }, is missing before this"
    assert wrong(b'{\n"a": 1\n"b": 2}') == (3, missing)
    assert wrong(b'{"a": "x" "b": 2}') == (1, missing)
    assert wrong(b'{"a": [1] ]') == (1, missing)
    assert wrong(b'{"a": {"b": 1}\n"c": 2}') == (2, missing)
    assert wrong(b'{"a": 1"b": 2}') == (1, missing)
    assert wrong(b"[1 2]") == (1, "a comma, or a ], is missing before this")
    assert wrong(b"[1}") == (1, "a comma, or a ], is missing before this")
    assert wrong(b'{"a": 1,\n\n}') == (1, "a comma before a }")
    assert wrong(b"[\n1,\n]") == (2, "a comma before a ]")
    key = 'a key must be a text in "double quotes"'
    for data in (b"{,}", b'{"a": 1,, "b": 2}', b"{a: 1}", b"{'a': 1}", b"{1: 2}"):
        assert wrong(data) == (1, key), data
    assert wrong("{\n“a”: 1}".encode()) == (2, key)
    colon = "a colon is missing before this"
    for data in (b'{"a" 1}', b'{"a", 1}', b'{"a"}', b'{"a" = 1}'):
        assert wrong(data) == (1, colon), data


def test_values():
    what = 'this must be a text in "double quotes", a number, true, false, null, { or ['
    words = (
        "True FALSE None nul truex undefined NaN Infinity -Infinity 'a' a , : } ] -- - + +1 .5 5. "
        "01 -01 0x1 1e 1e+ 1.e1 1.5.2 1_000 1a 0b1 \u0661 \u201ca\u201d C:\\x"
    )
    for word in words.split(" "):
        assert wrong(('{"a":\n%s' % word).encode()) == (2, what), word


def test_texts():
    end = 'the " at the end of a text is missing'
    assert wrong(b'{\n"a": "s3cr3t,\n"b": 1}') == (2, end)
    assert wrong(b'{\r\n"a": "s3cr3t\r\n}') == (2, end)
    assert wrong(b'{"a": "s3cr3t') == (1, end)
    control = "a text holds a control character, such as a tab"
    for byte in b"\0\t\x0b\x1f":
        assert wrong(b'{"a": "s3cr3t%s"}' % bytes([byte])) == (1, control)
    escape = "this \\ begins no escape; a backslash is written \\\\"
    for text in (
        b"C:\\certs",
        b"\\x41",
        b"\\'",
        b"\\",
        b"\\u12",
        b"\\u12g4",
        b"\\u+123",
        b"\\u 123",
        b"\\u\x1012",
        b"\\U0041",
        b"\\ud83d\\n",
    ):
        assert wrong(b'["%s s3cr3t"]' % text) == (1, escape), text
    assert wrong(b'"\\') == (1, escape)
    for text in (b"\\ud83d", b"\\ude00", b"\\ude00\\ud83d", b"\\ud83dx", b"\\ud83d\\u0041"):
        assert wrong(b'["%s"]' % text) == (
            1,
            "half a character: \\ud800 to \\udfff come in pairs",
        ), text


def test_what_is_too_short_or_too_much():
    short = "the file ends too early, or is empty"
    for data, line in (
        (b"", 1),
        (b"\n\n ", 3),
        (b"{", 1),
        (b'{"a"', 1),
        (b'{"a":\n', 2),
        (b'{"a": 1', 1),
        (b'{"a": 1,', 1),
        (b"[1,", 1),
        (b'{"a": {}\n', 2),
    ):
        assert wrong(data) == (line, short), data
    for data in (b"{}{}", b"{},", b"{}}", b"1 2", b'{} "s3cr3t"'):
        assert wrong(data) == (1, "nothing may follow the end of the JSON text"), data


def test_keys_that_are_there_twice():
    assert wrong(b'{"a": 1,\n"b": {"a": 2, "c": 3}, \n"\\u0061": 4}') == (
        3,
        "the key a is there twice",
    )
    assert wrong(b'{"%s": 1, "%s": 2}' % (b"k" * 500, b"k" * 500)) == (
        1,
        "the key %s is there twice" % ("k" * 48),
    )
    assert loads(b'{"a": {"a": 1}, "b": [{"a": 1}, {"a": 1}]}')["a"] == {"a": 1}


def test_depth_is_bounded():
    what = "more than 8 { and [ in each other"
    for data in (b"[" * 9, b'{"a":' * 9, b'{"a":[' * (LARGEST_BYTES // 6), b"[" * LARGEST_BYTES):
        assert wrong(data) == (1, what)
    assert loads(b"[" * 8 + b"]" * 8) == json.loads("[" * 8 + "]" * 8)
