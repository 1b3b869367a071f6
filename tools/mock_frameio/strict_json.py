"""JSON as RFC 8259 and RFC 7493 want it, pure: Python's parser lets more pass."""

import json
import math
from typing import Any

_DEEPEST = 100  # levels of nesting: what is taken here must also survive json.dumps
_MOST_DIGITS = 1000


def parse(data: bytes | str, unique_keys: bool = False) -> Any:
    """The value of a JSON text.

    unique_keys: refuse an object that has a key twice. Raises ValueError with what is wrong: also
    for bytes that are not UTF-8, a byte order mark, NaN, Infinity, numbers out of range, half of a
    surrogate pair, and more than 100 levels.
    """
    try:
        text = data.decode() if isinstance(data, bytes) else data
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not UTF-8") from None
    try:
        value = json.loads(
            text,
            parse_constant=_no_constant,
            parse_int=_whole,
            parse_float=_finite,
            object_pairs_hook=_unique if unique_keys else None,
        )
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    _check(value, _DEEPEST)
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError("a number has too many digits")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("a number is out of range")
    return number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("an object has a key twice")
    return made


def _check(value: Any, levels: int) -> None:
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
            raise ValueError("a text has half of a surrogate pair")
    elif isinstance(value, dict | list):
        if not levels:
            raise ValueError("it is nested too deep")
        for part in value:
            _check(part, levels - 1)
        if isinstance(value, dict):
            for part in value.values():
                _check(part, levels - 1)
