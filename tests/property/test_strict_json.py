"""firmware/strict_json.py against Python's json: the same texts are valid, with the same values."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from firmware.strict_json import JsonError, loads

numbers = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
documents = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)
PARTS = (
    ["{", "}", "[", "]", ",", ":", " ", "\n", "\r", "\t", '"', '"a"', '"b"', "\\", "\\u", "\\n"]
    + ["00e4", "\\ud83d", "\\ude00", "ä", "😀", "\x0b", "\xa0", "0", "1", "12", "-", "+", ".", "e"]
    + ["true", "null", "Infinity", "/", "#"]
)


class Refused(Exception):
    """Python's json accepts it, and this reader must not."""


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs, if no key is there twice."""
    if len(dict(pairs)) < len(pairs):
        raise Refused
    return dict(pairs)


def refuse(_: str) -> None:
    """NaN and Infinity."""
    raise Refused


def depth(value: Any) -> int:
    """How many objects and lists are in each other."""
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def python(data: bytes) -> Any:
    """The value; raises ValueError or Refused."""
    value = json.loads(data.decode(), object_pairs_hook=unique, parse_constant=refuse)
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Refused from None  # half of a surrogate pair
    if depth(value) > 8:
        raise Refused
    return value


def check(data: bytes) -> None:
    """Both accept it with the same value, or both refuse it."""
    try:
        value = python(data)
    except (ValueError, Refused):
        with pytest.raises(JsonError) as refused:
            loads(data)
        assert "\n" not in str(refused.value)
        return
    got = loads(data)
    assert got == value and repr(got) == repr(value)


@given(documents, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_documents(document: Any, ascii_only: bool, indent: Any) -> None:
    check(json.dumps(document, ensure_ascii=ascii_only, indent=indent).encode())


@given(st.lists(st.sampled_from(PARTS), max_size=12).map("".join))
@example('["\\ud83d\\ude00\\ud83d"]')
@example("-01")
@example('{"a":1"b":2}')
@example("[1,]")
def test_texts_that_are_nearly_json(text: str) -> None:
    check(text.encode())


@given(documents, st.integers(0, 200), st.integers(0, 3), st.binary(max_size=3))
def test_damaged_documents(document: Any, at: int, count: int, put: bytes) -> None:
    data = json.dumps(document, ensure_ascii=False).encode()
    check(data[:at] + put + data[at + count :])
