"""JSON: lib/pilotlight/net/json_pick.py and firmware/strict_json.py."""

import itertools
import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from firmware import strict_json
from pilotlight.net.json_pick import ARRAY, MISSING, OBJECT, JsonError, JsonPick
from tests.proofs.automata import (
    Automaton,
    Language,
    alt,
    difference,
    maybe,
    one_of,
    plus,
    seq,
    star,
)

DIGITS = "0123456789"
SPACE = one_of(" \t\n\r")
# All of ASCII, and characters of 2, 3 and 4 bytes.
SYMBOLS = [*map(chr, range(128)), "é", "€", "😀"]
STRUCTURE = [*' {}[],:"1']
NUMBER = seq(
    maybe("-"),
    alt("0", seq(one_of("123456789"), star(one_of(DIGITS)))),
    maybe(seq(".", plus(one_of(DIGITS)))),
    maybe(seq(one_of("eE"), maybe(one_of("+-")), plus(one_of(DIGITS)))),
)
HEX = one_of(DIGITS + "abcdefABCDEF")
_D = one_of("dD")
ANY_UNIT = seq("u", HEX, HEX, HEX, HEX)
# No half of a surrogate pair alone.
WHOLE_UNIT = alt(
    seq("u", one_of(DIGITS + "abcABCefEF"), HEX, HEX, HEX),
    seq("u", _D, one_of("01234567"), HEX, HEX),
    seq("u", _D, one_of("89abAB"), HEX, HEX, "\\u", _D, one_of("cdefCDEF"), HEX, HEX),
)


def string(plain: Iterable[str], unit: Language) -> Language:
    """A string: these characters as they are, and escapes, with this for a unit of UTF-16."""
    escape = seq("\\", alt(one_of('"\\/bfnrt'), unit))
    return seq('"', star(alt(one_of(set(plain) - {'"', "\\"}), escape)), '"')


def spaced(*parts: Language | str) -> Language:
    """The parts with white space between them."""
    result: list[Language | str] = []
    for part in parts:
        result += [part, star(SPACE)]
    return seq(*result[:-1])


def list_in(begin: str, part: Language, end: str) -> Language:
    """An array or object of any number of the part."""
    inner = seq(part, star(SPACE), star(seq(spaced(",", part), star(SPACE))))
    return seq(begin, star(SPACE), maybe(inner), end)


def document(depth: int, scalar: Language, text: Language) -> Language:
    """A JSON text (RFC 8259) with arrays and objects in each other up to this depth."""
    value = scalar
    for _ in range(depth):
        member = spaced(text, ":", value)
        value = alt(scalar, list_in("[", value, "]"), list_in("{", member, "}"))
    return seq(star(SPACE), value, star(SPACE))


class Repeated(Exception):
    """A key that is there twice."""


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object, if each key is there once."""
    if len(dict(pairs)) < len(pairs):
        raise Repeated
    return dict(pairs)


def strictly(text: str) -> bool:
    """Does strict_json take it? A text that it takes has Python's value."""
    try:
        value = strict_json.loads(text.encode())
    except strict_json.JsonError:
        return False
    assert repr(value) == repr(json.loads(text))
    return True


@pytest.mark.long
def test_the_configuration_s_json_is_the_standard_s() -> None:
    """`strict_json.loads` takes exactly the JSON texts of RFC 8259 that hold no key twice and no
    half of a surrogate pair, and gives the values that Python's `json` gives.

    Of: firmware/strict_json.py
    Within: all texts of any length over ASCII and characters of 2, 3 and 4 bytes, with no array or
        object in another; over 9 of the characters, with up to three in each other
    By: Wp-method: if the reader tells no more states apart than the grammar's smallest automaton
        (of the second kind, one more), no text is judged otherwise
    """

    def accepts(word: list[str]) -> bool:
        text = "".join(word)
        taken = strictly(text) and _depth(word) <= depth
        if not taken and automaton.takes(word):
            with pytest.raises(Repeated):
                json.loads(text, object_pairs_hook=unique)
            return True
        return taken

    text = string([one for one in SYMBOLS if one >= " "], WHOLE_UNIT)
    scalar = alt("true", "false", "null", NUMBER, text)
    depth = 1
    automaton = Automaton(document(depth, scalar, text), SYMBOLS)
    assert difference(automaton, accepts) is None
    text = seq('"', star(one_of(set(STRUCTURE) - {'"'})), '"')
    scalar = alt(plus(one_of("1")), text)
    depth = 3
    automaton = Automaton(document(depth, scalar, text), STRUCTURE)
    assert difference(automaton, accepts, 1) is None


def test_the_configuration_s_json_is_eight_deep() -> None:
    """`strict_json.loads` takes arrays and objects in each other up to a depth of 8, whatever
    stands in which, and no deeper.

    Of: firmware/strict_json.py
    Within: all orders of arrays and objects in each other down to a depth of 10, and all texts of
        up to 5 of these parts: brackets, comma, colon, a key, a number, a space, a quote
    By: enumeration, against Python's `json`
    """
    for depth in range(11):
        for kinds in itertools.product(("[", '{"a":'), repeat=depth):
            closing = ["]" if kind == "[" else "}" for kind in reversed(kinds)]
            text = "".join(kinds) + "1" + "".join(closing)
            assert strictly(text) == (depth <= 8), text
    for text in texts(["{", "}", "[", "]", ",", ":", '"a"', "1", " ", '"'], 5):
        assert strictly(text) == is_unique_json(text), text


def texts(parts: list[str], longest: int) -> Iterator[str]:
    """All texts of up to so many of the parts."""
    for length in range(longest + 1):
        yield from map("".join, itertools.product(parts, repeat=length))


def is_unique_json(text: str) -> bool:
    """A JSON text for Python, without a repeated key."""
    try:
        json.loads(text, object_pairs_hook=unique)
    except (ValueError, Repeated):
        return False
    return True


def picks(data: bytes, names: tuple[str, ...] = ("none",)) -> dict[str, object] | None:
    """What JsonPick picks; None if it is not JSON for it."""
    pick = JsonPick()
    pick.begin(names)
    try:
        pick.feed(data, 0, len(data))
        pick.finish()
    except JsonError:
        return None
    fields: dict[str, object] = pick.fields
    return fields


def skipped(depth: int, plain: set[str]) -> Language:
    """What is behind a bracket that leads to no field: only strings and brackets count."""
    text = seq('"', star(alt(one_of(plain - {'"', "\\"}), seq("\\", one_of(plain)))), '"')
    inner = alt(one_of(plain - set('"{}[]')), text)
    value = seq(one_of("{["), star(inner), one_of("}]"))
    for _ in range(depth - 1):
        value = seq(one_of("{["), star(alt(inner, value)), one_of("}]"))
    return value


@pytest.mark.long
def test_answers_are_judged_as_the_picker_s_text_says() -> None:
    """`JsonPick` takes exactly a scalar of RFC 8259, or an object with the keys, scalars, commas
    and colons of RFC 8259, or an array. Of arrays and of objects that lead to no field it checks
    where their strings end and that as many brackets close as open; in strings that are not picked
    it allows control characters.

    Of: lib/pilotlight/net/json_pick.py
    Within: all texts of any length over ASCII and characters of 2, 3 and 4 bytes, with up to two
        brackets in each other in what is skipped, where no key is a picked one
    By: Wp-method: if the picker tells no more states apart than the smallest automaton of that
        language, no text is judged otherwise
    """
    plain = [one for one in SYMBOLS if one >= " "]
    key, text = string(plain, ANY_UNIT), string(SYMBOLS, ANY_UNIT)
    scalar = alt("true", "false", "null", NUMBER, text)
    value = alt(scalar, skipped(2, set(SYMBOLS)))
    whole = alt(scalar, list_in("{", spaced(key, ":", value), "}"), skipped_array(set(SYMBOLS)))
    automaton = Automaton(seq(star(SPACE), whole, star(SPACE)), SYMBOLS)

    def accepts(word: list[str]) -> bool:
        if _depth(word) > 2 + (_first(word) == "{"):
            return automaton.takes(word)  # deeper than the automaton can count
        return picks("".join(word).encode()) is not None

    assert difference(automaton, accepts) is None


def skipped_array(plain: set[str]) -> Language:
    """An array as the whole text."""
    text = seq('"', star(alt(one_of(plain - {'"', "\\"}), seq("\\", one_of(plain)))), '"')
    inner = alt(one_of(plain - set('"{}[]')), text)
    deeper = seq(one_of("{["), star(inner), one_of("}]"))
    return seq("[", star(alt(inner, deeper)), one_of("}]"))


def _first(word: list[str]) -> str:
    return "".join(word).lstrip(" \t\n\r")[:1]


def _depth(word: list[str]) -> int:
    """The most brackets that are open at once, outside of strings."""
    deepest = depth = 0
    inside = escaped = False
    for letter in word:
        if escaped:
            escaped = False
        elif inside:
            escaped = letter == "\\"
            inside = letter != '"'
        elif letter == '"':
            inside = True
        else:
            depth += (letter in "{[") - (letter in "}]")
            deepest = max(deepest, depth)
    return deepest


@pytest.mark.long
def test_any_nesting_is_skipped_at_any_split() -> None:
    r"""What leads to no field is skipped to its end: to where as many brackets have closed as
    opened outside of strings, wherever the text is cut.

    Of: lib/pilotlight/net/json_pick.py
    Within: all texts of any length and depth in pieces of up to 6 bytes of `{}"\x`
    By: bisimulation with a counter of brackets: from each depth up to 8, in a string or behind a
        backslash, each piece leads to the state that its bytes lead to; deeper, no piece of 6 can
        reach the end, so that the depth makes no difference
    """
    pieces = [bytes(one) for n in range(1, 7) for one in itertools.product(b'{}"\\x', repeat=n)]
    for depth, inside in itertools.product((1, 2, 3, 4, 5, 6, 7, 8, 1000), ("", '"', '"\\')):
        before = b'{"a":' + b"[" * depth + inside.encode()
        for piece in pieces if depth < 4 else pieces[::7]:
            _check_skip(before, depth, inside, piece)


def _check_skip(before: bytes, depth: int, inside: str, piece: bytes) -> None:
    pick = JsonPick()
    pick.begin(("none",))
    pick.feed(before, 0, len(before))
    end = 0
    state = len(inside)  # 0: outside of a string, 1: in it, 2: behind a backslash
    for at, byte in enumerate(piece):
        if state == 2:
            state = 1
        elif byte == 0x22:
            state = 1 - state
        elif state == 1:
            state = 2 if byte == 0x5C else 1
        elif byte in b"{}":
            depth += 1 if byte == 0x7B else -1
            if not depth:
                end = at + 1
                break
    pick.feed(piece, 0, end or len(piece))
    if end:
        pick.feed(b"}", 0, 1)
        pick.finish()
        return
    # Not yet at its end: exactly this closes it.
    rest = (b'x"' if state == 2 else b'"' if state == 1 else b"") + b"]" * depth + b"}"
    with pytest.raises(JsonError):
        pick.finish()
    pick.feed(rest, 0, len(rest) - 1)
    with pytest.raises(JsonError):
        pick.finish()
    pick.feed(b"}", 0, 1)
    pick.finish()


NAMES = ("a", "b.a", "b.b")


def test_what_is_picked_is_what_python_finds() -> None:
    """`JsonPick` picks what Python's `json` finds in the same text, and picks the same wherever the
    text is cut.

    Of: lib/pilotlight/net/json_pick.py
    Within: all objects of up to 2 members `"a"` or `"b"` (also spelled with an escape), whose
        values are a number, a string, null, an array or such objects of scalars; those of one
        member with each place for one cut
    By: enumeration
    """
    scalars = ["1", '"\\ud83d\\ude00x"', "null", "[1,[]]"]
    keys = ['"a"', '"b"', '"\\u0062"']
    inner = [
        "{%s}" % ",".join(f"{key}:{value}" for key, value in members)
        for members in (
            *itertools.product(itertools.product(keys, scalars), repeat=1),
            *itertools.product(itertools.product(keys[:2], scalars[:2]), repeat=2),
        )
    ]
    values = [*scalars, "{}", *inner]
    for members in itertools.chain.from_iterable(
        itertools.product(itertools.product(keys, values), repeat=count) for count in range(3)
    ):
        text = "{%s}" % ",".join(f"{key}:{value}" for key, value in members)
        wanted = {name: _found(json.loads(text), name) for name in NAMES}
        assert picks(text.encode(), NAMES) == wanted, text
        if len(members) < 2:
            data = text.encode()
            for cut in range(len(data)):
                pick = JsonPick()
                pick.begin(NAMES)
                pick.feed(data, 0, cut)
                pick.feed(data, cut, len(data))
                pick.finish()
                assert pick.fields == wanted, (text, cut)


def _found(document: Any, name: str) -> object:
    for key in name.split("."):
        if not isinstance(document, dict) or key not in document:
            return MISSING
        document = document[key]
    return (
        OBJECT if isinstance(document, dict) else ARRAY if isinstance(document, list) else document
    )
