"""Orders of the control API, pure: which keys each has, and what a key's value may be."""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .service import Service

_LONGEST_SHOWN = 40
_LONGEST_ID = 65_536
_REQUIRED = object()
UNCHANGED = object()  # as a default: a key that is left out is not in the body


@dataclass(frozen=True)
class Key:
    """One key. allowed: words for what a value may be. default: what counts if it is left out."""

    allowed: str
    accepts: Callable[[Any], bool]
    default: Any = _REQUIRED

    def or_null(self) -> Key:
        """The same, and null."""
        return replace(
            self,
            allowed=f"{self.allowed}, or null",
            accepts=lambda value: value is None or self.accepts(value),
        )


def whole(low: int, high: int, default: Any = _REQUIRED) -> Key:
    """A whole number from low to high."""

    def accepts(value: Any) -> bool:
        return type(value) is int and low <= value <= high

    return Key(f"a whole number from {low} to {high}", accepts, default)


def number(low: float, high: float, default: Any = _REQUIRED) -> Key:
    """A number from low to high."""

    def accepts(value: Any) -> bool:
        return type(value) in (int, float) and low <= value <= high

    is_bounded = math.isfinite(low) or math.isfinite(high)
    return Key(f"a number from {low} to {high}" if is_bounded else "a number", accepts, default)


def text(most: int, default: Any = _REQUIRED) -> Key:
    """A text of at most so many characters."""

    def accepts(value: Any) -> bool:
        return isinstance(value, str) and len(value) <= most

    return Key(f"a text of at most {most} characters", accepts, default)


def octets(most: int, default: Any = _REQUIRED) -> Key:
    """Bytes, as a text of hexadecimal digits."""

    def accepts(value: Any) -> bool:
        try:
            return isinstance(value, str) and len(bytes.fromhex(value)) <= most
        except ValueError:
            return False

    return Key(f"at most {most} bytes as hexadecimal digits", accepts, default)


def switch(default: Any = _REQUIRED) -> Key:
    """True or false."""
    return Key("true or false", lambda value: isinstance(value, bool), default)


def one_of(*values: Any, default: Any = _REQUIRED) -> Key:
    """One of these texts, or of these numbers."""

    def accepts(value: Any) -> bool:
        return type(value) is type(values[0]) and value in values

    return Key("one of " + ", ".join(str(value) for value in values), accepts, default)


def device_id() -> Key:
    """Which device; None for all."""
    return text(_LONGEST_ID, default=None).or_null()


def anything(default: Any = _REQUIRED) -> Key:
    """Any JSON value."""
    return Key("any JSON value", lambda value: True, default)


@dataclass(frozen=True)
class Order:
    """POST /control/NAME: its keys, and what is done.

    carry_out(service, body): body has every key, but those whose default is UNCHANGED. It raises
    ValueError or LookupError for what can't be done.
    """

    carry_out: Callable[[Service, dict[str, Any]], Awaitable[None]]
    keys: Mapping[str, Key]

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.carry_out.__name__

    def checked(self, body: Any) -> dict[str, Any]:
        """The whole body: given values, and defaults. Raises ValueError with one sentence."""
        if not isinstance(body, dict):
            raise ValueError(f"{self.name}: the body is a JSON object, not {_shown(body)}")
        for name in body:
            if name not in self.keys:
                known = ", ".join(self.keys) or "none"
                raise ValueError(f"{self.name}: there is no key {_shown(name)}; known: {known}")
        whole_body = {}
        for name, key in self.keys.items():
            value = body.get(name, key.default)
            if value is _REQUIRED:
                raise ValueError(f"{self.name}: the key {name} is missing: {key.allowed}")
            if name in body and not key.accepts(value):
                raise ValueError(f"{self.name}: {name} is {key.allowed}, not {_shown(value)}")
            if value is not UNCHANGED:
                whole_body[name] = value
        return whole_body


def order(**keys: Key) -> Callable[[Callable[[Service, dict[str, Any]], Awaitable[None]]], Order]:
    """Make a function an order with these keys; the function's name is the order's."""
    return lambda carry_out: Order(carry_out, keys)


def _shown(value: Any) -> str:
    """The value in JSON and ASCII, cut short."""
    shown = json.dumps(value)
    return shown if len(shown) <= _LONGEST_SHOWN else shown[:_LONGEST_SHOWN] + "…"
