"""UTF-8: lib/pilotlight/net/utf8.py."""

import functools
import itertools

from pilotlight.net.utf8 import Utf8Check, character_start
from tests.proofs.machines import Frozen, frozen, reachable, thawed

_END = 0


@functools.cache
def _characters() -> list[bytes]:
    """All of them, encoded by Python."""
    return [chr(code).encode() for code in range(0x110000) if not 0xD800 <= code < 0xE000]


def _standard() -> tuple[dict[int, dict[int, int]], set[bytes]]:
    """The smallest automaton of the encodings: state → byte → state; and what can begin one.

    _END is the state between two characters.
    """
    follows: dict[bytes, dict[int, int]] = {}  # of what begins a character
    numbers: dict[frozenset[tuple[int, int]], int] = {}
    for encoded in _characters():
        follows.setdefault(encoded[:-1], {})[encoded[-1]] = _END
    for length in (3, 2, 1):
        for begun in [one for one in follows if len(one) == length]:
            behind = frozenset(follows[begun].items())
            number = numbers.setdefault(behind, len(numbers) + 1)
            follows.setdefault(begun[:-1], {})[begun[-1]] = number
    states = {number: dict(behind) for behind, number in numbers.items()}
    return {**states, _END: follows[b""]}, set(follows)


def _fed(state: Frozen, piece: bytes) -> Frozen | None:
    """The state behind a piece; None if it is refused."""
    check = thawed(Utf8Check(), state)
    return frozen(check) if check.feed(piece, 0, len(piece)) else None


def test_the_check_is_the_standard() -> None:
    """`Utf8Check` takes exactly the byte strings that are UTF-8 (RFC 3629), and refuses another one
    with the first byte behind which nothing can make it valid.

    Of: lib/pilotlight/net/utf8.py
    For: all byte strings of any length
    By: bisimulation: each state that it can reach, beside what has come of a character, and each of
        the 256 bytes; the reference is made of the encodings of all 1,112,064 characters
    """
    standard, _ = _standard()

    def steps(pair: tuple[Frozen, int]) -> list[tuple[Frozen, int]]:
        state, begun = pair
        assert thawed(Utf8Check(), state).complete() == (begun == _END)
        following = []
        for code in range(256):
            after = _fed(state, bytes((code,)))
            assert (after is not None) == (code in standard[begun]), (pair, code)
            if after is not None:
                following.append((after, standard[begun][code]))
        return following

    pairs = reachable([(frozen(Utf8Check()), _END)], steps)
    assert {begun for _, begun in pairs} == set(standard)


def test_the_split_makes_no_difference() -> None:
    """`Utf8Check` ends in the same state, or refuses, wherever a text is cut into pieces.

    Of: lib/pilotlight/net/utf8.py
    For: all byte strings of any length, at all splits
    By: induction over the pieces: from each state, each piece of two bytes does what its bytes do
        one by one; and a piece's loop keeps nothing but the state
    """

    def after(state: Frozen | None, *pieces: bytes) -> Frozen | None:
        for piece in pieces:
            state = state and _fed(state, piece)
        return state

    bytes_ = [bytes((code,)) for code in range(256)]
    states = reachable(
        [frozen(Utf8Check())], lambda state: [to for one in bytes_ if (to := _fed(state, one))]
    )
    for state, first in itertools.product(states, bytes_):
        assert after(state, b"", first) == after(state, first)
        for second in bytes_:
            assert after(state, first + second) == after(state, first, second)


def test_where_a_text_may_be_cut() -> None:
    """`character_start` gives the end itself between two characters, and in a character its begin.

    Of: lib/pilotlight/net/utf8.py
    For: all valid texts and all places
    By: enumeration of all characters, and of all places in each; it looks no further back than to
        the first byte of a character
    """
    _, begins = _standard()
    for begun in begins:
        assert character_start(b"a\x80" + begun, 2 + len(begun)) == (2 if begun else 0)
        assert character_start(begun, len(begun)) == 0
    for encoded in _characters():
        assert character_start(encoded, len(encoded)) == len(encoded)
