"""UTF-8 a piece at a time, against Python's strict incremental decoder."""

import codecs
import itertools

from hypothesis import example, given
from hypothesis import strategies as st

from pilotlight.net.utf8 import Utf8Check, character_start

likely = st.lists(
    st.sampled_from(
        [
            b"a",
            b"\xc3\xa9",
            b"\xe2\x82\xac",
            b"\xf0\x9f\x98\x80",
            b"\xed\xa0\x80",
            b"\xc0\xaf",
            b"\xf4\x90",
            b"\x80",
        ]
    )
).map(b"".join)


@given(st.binary(max_size=60) | likely, st.lists(st.integers(0, 60), max_size=6))
@example(b"\xe0\x80\x80", [1])
@example(b"\xf4\x8f\xbf\xbf", [1, 2, 3])
def test_as_python_at_any_split(data: bytes, cuts: list[int]) -> None:
    """Refused in the same piece as by Python, or in an earlier one.

    Earlier where Python waits for the rest of a character.
    """
    check, decoder = Utf8Check(), codecs.getincrementaldecoder("utf-8")("strict")
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for start, end in itertools.pairwise(places):
        taken = check.feed(data, start, end)
        try:
            decoder.decode(data[start:end])
        except UnicodeDecodeError:
            assert not taken
            return
        if not taken:
            break
    try:
        decoder.decode(b"", final=True)
        data.decode()
        valid = True
    except UnicodeDecodeError:
        valid = False
    assert (taken and check.complete() if data else check.complete()) == valid


@given(st.text(), st.integers(0, 300))
def test_where_a_text_may_be_cut(text: str, at: int) -> None:
    data = text.encode("utf-8", "ignore")
    end = min(at, len(data))
    start = character_start(data, end)
    assert end - 4 < start <= end
    assert data[:start].decode() == data[:end].decode(errors="ignore")
