"""json_pick against Python's json: any document, any split, and any bytes that are no document."""

import itertools
import json
import math
import re
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from pilotlight.net.json_pick import ARRAY, MISSING, OBJECT, JsonError, JsonPick

NAMES = ("id", "a", "a.b", "a.b.id", "b.a", "ä.")
BOUND_BYTES = 256
NUMBER_CHARACTERS = 40

keys = st.sampled_from(["id", "a", "b", "ab", "", "x", "ä", "a.b", "."])
numbers = st.integers(-(10**60), 10**60) | st.floats(allow_nan=False, allow_infinity=False)
long_texts = st.text("xé€😀", min_size=60, max_size=150)  # around the bound of a picked string
scalars = st.none() | st.booleans() | numbers | st.text(max_size=300) | long_texts
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=30,
)


def pick(data: bytes, cuts: list[int]) -> list[Any]:
    """What JsonPick gives for the bytes, cut at these places."""
    picker = JsonPick()
    picker.begin(NAMES)
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for start, end in itertools.pairwise(places):
        picker.feed(data, start, end)
    picker.finish()
    return [picker.fields[name] for name in NAMES]


def wanted(document: Any, name: str) -> Any:
    """The field of a document, in JsonPick's terms."""
    for key in name.split("."):
        if not isinstance(document, dict) or key not in document:
            return MISSING
        document = document[key]
    if isinstance(document, dict):
        return OBJECT
    if isinstance(document, list):
        return ARRAY
    if isinstance(document, int) and len(str(document)) > NUMBER_CHARACTERS:
        return MISSING
    return cut(document) if isinstance(document, str) else document


def cut(text: str) -> str:
    """A text as JsonPick keeps it: at most 256 bytes of whole characters.

    Unpaired surrogates are replaced.
    """
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    data = text.encode()[:BOUND_BYTES]
    return data.decode(errors="ignore")


def same(got: Any, expected: Any) -> bool:
    """Equal, and of one kind: 1 is not True, and not 1.0."""
    return got is expected or (type(got) is type(expected) and got == expected)


@given(
    documents,
    st.booleans(),
    st.lists(st.integers(0, 5000), max_size=20),
    st.sampled_from([None, 1, "\t"]),
)
def test_any_document_at_any_split(
    document: Any, ascii_only: bool, cuts: list[int], indent: Any
) -> None:
    data = json.dumps(document, ensure_ascii=ascii_only, indent=indent).encode(
        "utf-8", "surrogatepass"
    )
    try:
        data.decode()
    except UnicodeDecodeError:
        return  # a lone surrogate, not escaped: no JSON text
    got = pick(data, cuts)
    expected = [wanted(document, name) for name in NAMES]
    assert all(same(*pair) for pair in zip(got, expected, strict=True)), (got, expected)


def skips(data: bytes) -> bool:
    """May JsonPick skip a part of it: an array, or an object in an object?"""
    return b"[" in data or data.count(b"{") > 1


def refused(data: bytes, cuts: list[int]) -> bool:
    """Does JsonPick refuse the bytes?"""
    try:
        pick(data, cuts)
    except JsonError:
        return True
    return False


def _no_constant(word: str) -> None:
    raise ValueError(word)


def is_json(data: bytes) -> bool:
    """Is it a JSON text for Python, NaN and the like left out?"""
    try:
        value = json.loads(data.decode(), parse_constant=_no_constant)
    except ValueError:
        return False
    return not (isinstance(value, float) and math.isinf(value))


pieces = st.lists(
    st.sampled_from(
        [
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            '"',
            '"id"',
            '"a"',
            "\\",
            "\\u",
            "\\ud83d",
            "00e9",
            "1",
            "0",
            "-",
            ".",
            "e",
            "E+",
            "true",
            "nul",
            "null",
            " ",
            "\n",
        ]
    ),
    max_size=14,
)


@given(pieces, st.lists(st.integers(0, 100), max_size=5))
@example(["[", "]", "]"], [])
@example(["1", "e", "1"], [])
@example(["-", "0"], [])
@example(["{", '"id"', ":", "0", "0", "}"], [])
@example(["{", '"x"', ":", "nul", "}"], [])
def test_what_json_refuses_is_refused(parts: list[str], cuts: list[int]) -> None:
    """But of what is skipped only strings and the count of brackets are checked."""
    data = "".join(parts).encode()
    assert refused(data, cuts) == (not is_json(data)) or (skips(data) and not is_json(data)), data
    if skips(data) and not refused(data, cuts):
        outside = re.sub(rb'"(\\.|[^"\\])*"', b"", data)
        assert len(re.findall(rb"[\[{]", outside)) == len(re.findall(rb"[\]}]", outside)), data


@given(st.binary(max_size=60), st.lists(st.integers(0, 100), max_size=5))
def test_any_bytes_are_taken_or_refused(data: bytes, cuts: list[int]) -> None:
    if not refused(data, cuts) and not skips(data):
        # What is not picked is not decoded; apart from that it is a JSON text, perhaps behind a
        # byte order mark, or a part of one.
        data = data.lstrip(b"\xef\xbb\xbf \t\r\n")
        json.loads(data.decode(errors="replace"), parse_constant=_no_constant)


@given(
    documents,
    st.lists(st.integers(0, 5000), max_size=20),
    st.lists(st.integers(0, 5000), max_size=20),
)
def test_the_split_makes_no_difference(document: Any, one: list[int], other: list[int]) -> None:
    data = json.dumps(document).encode()
    assert all(same(*pair) for pair in zip(pick(data, one), pick(data, other), strict=True))
