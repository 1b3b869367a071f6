"""json_pick gives what json.loads gives, at any split, in bounded memory."""

import json

from pilotlight.net.json_pick import ARRAY, MISSING, OBJECT, JsonError, JsonPick
from tests.support.expect import raises

NAMES = ("id", "status", "a.b", "a.c.d", "a")


def pick(text, step=1 << 20, names=NAMES):
    data = bytearray(text if isinstance(text, bytes) else text.encode())
    picker = JsonPick()
    picker.begin(names)
    for at in range(0, len(data), step):
        picker.feed(data, at, min(at + step, len(data)))
    picker.finish()
    assert set(picker.fields) == set(names)
    return [picker.fields[name] for name in names]


def assert_picks(text, wanted):
    for step in (1, 2, 3, 1 << 20):
        assert pick(text, step) == wanted, (step, pick(text, step))


def assert_refuses(text):
    for step in (1, 1 << 20):
        with raises(JsonError):
            pick(text, step)


def test_nothing_to_pick():
    for text in ('{"": 1}', '{"": {"": "a"}, "b": []}', "[]", "1"):
        assert pick(text, names=()) == []
    with raises(JsonError):
        pick('{"": 1', names=())


def test_fields_of_every_kind():
    assert_picks(
        '{"id": "x", "status": null, "a": {"b": 12, "c": {"d": true}}}',
        ["x", None, 12, True, OBJECT],
    )
    assert_picks(
        '{"id":false,"status":-1.5e2,"a":[{"b":1}]}', [False, -150.0, MISSING, MISSING, ARRAY]
    )
    assert_picks(" \r\n\t{ } ", [MISSING] * 5)
    assert_picks("[1, 2]", [MISSING] * 5)
    assert_picks("7", [MISSING] * 5)
    assert_picks('{"a":"text"}', [MISSING, MISSING, MISSING, MISSING, "text"])


def test_only_the_right_level_counts():
    assert_picks(
        '{"x":{"id":"no"},"b":"no","y":[{"id":"no"}],"a":{"id":"no","c":{"b":"no"}},"id":"yes"}',
        ["yes", MISSING, MISSING, MISSING, OBJECT],
    )


def test_the_last_of_repeated_keys_counts():
    assert_picks('{"a":{"b":1,"c":{"d":2}},"a":{"b":3}}', [MISSING, MISSING, 3, MISSING, OBJECT])
    assert_picks('{"a":{"b":1},"a":null,"id":1,"id":2}', [2, MISSING, MISSING, MISSING, None])


def test_names_lead_through_whole_keys():
    names = ("ä.b", "ab", "a", "a.b.", "x.y.z")
    text = (
        '{"ä":{"b":1,"bc":9},"abc":9,"ab":2,"a":{"b":{"":3},"b.":9},'
        '"x.y":{"z":9},"x.y.z":9,"":9,".":9}'
    )
    for step in (1, 1 << 20):
        assert pick(text, step, names) == [1, 2, OBJECT, 3, MISSING]
    assert pick('{"x":{"y.z":9,"y":{"z":4}},"\\u00e4":{"b":1}}', 1, names)[::4] == [1, 4]
    assert pick(b'{"\xff":{"b":9},"ab":2}', 1, names)[:2] == [MISSING, 2]
    assert pick('{"x":5,"a":{"b":6}}', 1, ("x.", "a.b.", ".x")) == [MISSING] * 3
    for count in (254, 255, 256, 257):
        assert pick('{"%s":9,"ab":2}' % ("k" * count), 1, names)[1] == 2
        longest = "k" * min(count, 250) + ".id"
        assert pick('{"%s":{"id":3}}' % longest[:-3], 1, (longest,)) == [3]


def test_strings():
    assert_picks(
        '{"id":"gr\\u00fc\\u00DFe \\"\\\\\\/\\b\\f\\n\\r\\t"}',
        ['grüße "\\/\b\f\n\r\t'] + [MISSING] * 4,
    )
    assert_picks('{"id":"\\ud83d\\ude00 😀"}', ["😀 😀"] + [MISSING] * 4)
    assert_picks('{"i\\u0064":"escaped key"}', ["escaped key"] + [MISSING] * 4)
    assert pick('{"id":"\\uD800\\uDC00\\udbff\\udfff"}')[0] == "\U00010000\U0010ffff"
    for lone in ("\\ud83d", "\\ud83dx", "\\ud83d\\n", "\\ude00", "\\ud83d\\ud83d"):
        value = pick('{"id":"%s"}' % lone)[0]
        assert value[0] == "\ufffd", value
    assert pick('{"id":"\\ud83d\\u0041"}')[0] == "\ufffdA"


def test_a_long_string_is_cut_between_characters():
    assert pick('{"id":"%s"}' % ("x" * 300))[0] == "x" * 256
    assert pick('{"id":"%s"}' % ("x" * 255 + "äb"))[0] == "x" * 255
    assert pick('{"id":"%s"}' % ("€" * 100))[0] == "€" * 85
    assert pick('{"id":"%s"}' % ("\\u20ac" * 100))[0] == "€" * 85
    for character in ("é", "߿", "ࠀ", "\uffff", "\U00010000", "😀"):
        for before in range(5):
            whole = "x" * before + character * 130
            fits = 0
            while len(whole[: fits + 1].encode()) <= 256 and fits < len(whole):
                fits += 1
            assert pick('{"id":"%s"}' % whole)[0] == whole[:fits], (character, before)
    assert pick('{"id":"%s","status":"after"}' % ("x" * 5000))[1] == "after"
    assert pick('{"%s":1,"id":2}' % ("id" * 300))[0] == 2


def test_not_json():
    for text in (
        "",
        " ",
        "{",
        '{"id"',
        '{"id":',
        '{"id":}',
        '{"id":1',
        '{"id":1,}',
        "{,}",
        "{1:2}",
        '{"id" 1}',
        '{"id":1]',
        "{} {}",
        "nul",
        "nulll",
        "True",
        "'x'",
        '{"id":"\n"}',
        '{"id":"\\x"}',
        '{"id":"\\u12g4"}',
        '{"x":"\\u12"}',
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "1e+",
        "+1",
        "--1",
        "1-2",
        "<html><body>Sign in</body></html>",
        "{}\ufeff",
    ):
        assert_refuses(text)
    assert_refuses(b'{"id":"\xff"}')
    assert_refuses(b'{"id":"\xed\xa0\x80"}')


def test_of_what_is_skipped_only_strings_and_brackets_are_checked():
    for skipped in (
        "[]",
        "[1,]",
        "[,1 2:nul]",
        "[1}",
        "[\ufeff]",
        '[{"id":"]}\\\\\\"\\u005d\\x"}]',
        '["\n"]',
        "[[],{},[[]],1,[]]",
        '{"y" 1,2,{[}},"z":"\\"}}"}',
        '{"\\\\":{"\\\\\\\\\\"}":["",""]}}',
    ):
        assert_picks(
            '{"x":%s,"a":{"c":{"x":%s,"d":4},"x":%s},"id":"yes"}' % (skipped, skipped, skipped),
            ["yes", MISSING, MISSING, 4, OBJECT],
        )
    for text in ("[", "[[]", "[}]", '["]', '["\\"]', '["\\\\\\"]', "[]]"):
        assert_refuses(text)
        assert_refuses('{"x":%s}' % text)


def test_bounds():
    with raises(ValueError):
        JsonPick().begin(["x"] * 9)
    JsonPick(40)
    with raises(ValueError):
        JsonPick(39)  # a number would not fit


def test_what_is_nested_too_deep_is_skipped():
    assert_picks("[" * 32 + "]" * 32, [MISSING] * 5)
    for levels in (31, 32, 33, 1000):
        for inner in ("", "1,{},[]", '"]}\\"[{"', '{"id":"no","a":[{"b":1}]}', "[],[[]],[{}]"):
            deep = "[" * levels + inner + "]" * levels
            assert_picks(
                '{"x":%s,"id":"yes","a":{"c":%s,"b":[%s]},"status":%s}' % (deep, deep, deep, deep),
                ["yes", ARRAY, ARRAY, MISSING, OBJECT],
            )
        assert_picks('{"a":' * levels + "{}" + "}" * levels, [MISSING] * 4 + [OBJECT])
        assert_refuses("[" * levels)
        assert_refuses("[" * levels + "]" * (levels + 1))
        assert_refuses("[" * levels + '"' + "]" * levels)
    assert_refuses("[" * 4000)


def test_a_number_that_is_too_long_counts_as_missing():
    assert pick('{"id":%s}' % ("1" * 40))[0] == int("1" * 40)
    for number in (
        "1" * 41,
        "-0." + "3" * 100,
        "1" * 4000,
        "1" * 41 + "e-5",
        "1e" + "0" * 50 + "1",
    ):
        assert_picks(
            '{"id":%s,"status":[%s,1]}' % (number, number), [MISSING, ARRAY] + [MISSING] * 3
        )
        assert_picks('{"id":2,"id":%s}' % number, [MISSING] * 5)
    for malformed in ("-" * 41, "0" * 41, "1" * 20 + "-" + "1" * 30, "x" * 41, "true" * 20):
        assert_refuses('{"status":%s}' % malformed)


def test_numbers_that_no_integer_or_float_holds():
    assert pick('{"id":1e400}')[0] == float("inf")
    assert pick('{"id":-1e400}')[0] == -float("inf")
    assert pick('{"id":1e-400}')[0] == 0
    assert pick('{"id":1000000000000000000000000000000}')[0] == 10**30
    for text in ("NaN", "Infinity", "-Infinity"):
        assert_refuses('{"id":%s}' % text)


def test_a_byte_order_mark_is_ignored():
    assert_picks("\ufeff{}", [MISSING] * 5)


def test_what_has_come():
    picker = JsonPick()
    for text, is_empty, has_begun in (
        (b"", True, False),
        (b" \r\n", True, False),
        (b"<html>", False, False),
        (b"Sign in", False, False),
        (b" {", False, True),
        (b"[1 ", False, True),
        (b"{} {}", False, True),
    ):
        picker.begin(("id",))
        with raises(JsonError):
            picker.feed(text, 0, len(text))
            picker.finish()
        assert (picker.is_empty, picker.has_begun) == (is_empty, has_begun), text


def test_numbers_as_json_reads_them():
    for text in ("0", "-0", "10", "-17", "1.25", "1e3", "1E+2", "12e-1", "-0.5"):
        value = pick('{"id":%s}' % text)[0]
        assert value == json.loads(text) and isinstance(value, type(json.loads(text))), text


def test_one_picker_for_many_texts():
    picker = JsonPick()
    for text, wanted in ((b'{"id":1}', 1), (b"{}", MISSING), (b'{"id":"x"}', "x")):
        picker.begin(("id",))
        picker.feed(text, 0, len(text))
        picker.finish()
        assert picker.fields == {"id": wanted}
    picker.begin(("id",))
    with raises(JsonError):
        picker.feed(b"{]", 0, 2)
    picker.begin(("id",))
    picker.feed(b'{"id":2}', 0, 8)
    picker.finish()
    assert picker.fields == {"id": 2}
