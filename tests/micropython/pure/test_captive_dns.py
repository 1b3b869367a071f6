"""Every name has one address, and what is no question has no answer."""

from firmware.setup.captive_dns import answer

ADDRESS = b"\xc0\xa8\x04\x01"
NAME = b"\7captive\5apple\3com\0"
HEAD = b"\xbe\xef\x01\x00\0\x01\0\0\0\0\0\0"
A, AAAA, IN = b"\0\x01", b"\0\x1c", b"\0\x01"


def test_an_address_is_asked():
    reply = answer(HEAD + NAME + A + IN, ADDRESS)
    assert reply[:12] == b"\xbe\xef\x84\0\0\x01\0\x01\0\0\0\0"
    assert reply[12 : 12 + len(NAME) + 4] == NAME + A + IN
    assert reply[12 + len(NAME) + 4 :] == b"\xc0\x0c\0\x01\0\x01\0\0\0\0\0\x04" + ADDRESS


def test_what_follows_the_question_is_left_out():
    """A resolver's EDNS option, for example."""
    edns = b"\0\0\x29\x10\0\0\0\0\0\0\0"
    assert answer(HEAD + NAME + A + IN + edns, ADDRESS) == answer(HEAD + NAME + A + IN, ADDRESS)


def test_another_type_is_asked():
    reply = answer(HEAD + NAME + AAAA + IN, ADDRESS)
    assert reply == b"\xbe\xef\x84\0\0\x01\0\0\0\0\0\0" + NAME + AAAA + IN


def test_what_is_no_question():
    whole = HEAD + NAME + A + IN
    for size in range(len(whole)):
        assert answer(whole[:size], ADDRESS) == b"", size
    for wrong in (
        b"\xbe\xef\x80" + whole[3:],  # an answer: two responders would talk for ever
        b"\xbe\xef\x28" + whole[3:],  # an update
        HEAD[:5] + b"\2" + whole[6:],  # two questions
        HEAD + b"\xc0\x0c" + A + IN,  # a name that points to itself
        HEAD + NAME + A + b"\0\x03",  # another class
        bytes(512),
        bytes([255] * 512),
    ):
        assert answer(wrong, ADDRESS) == b"", wrong
