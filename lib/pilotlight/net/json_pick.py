"""Picks a few fields out of a JSON text of any size in constant memory, at any split of the bytes (RFC 8259). Pure.

The whole text is checked for its grammar; only the picked values are ever held. Bounds: 8 paths, 32 levels, 256 bytes a picked
string (longer ones are cut between characters), 40 characters a number. What is not picked may hold bytes that are no UTF-8.
"""

from micropython import const

from .utf8 import Utf8Check, character_start


class _Kind:
    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


MISSING = _Kind("MISSING")  # no such field
OBJECT = _Kind("OBJECT")  # the field holds an object
ARRAY = _Kind("ARRAY")  # the field holds an array

_MOST_PATHS = const(8)
_LEVELS = const(32)
_TEXT_BYTES = const(256)
_NUMBER_BYTES = const(40)

_VALUE = const(0)
_VALUE_OR_END = const(1)
_KEY = const(2)
_KEY_OR_END = const(3)
_COLON = const(4)
_COMMA_OR_END = const(5)
_STRING = const(6)
_ESCAPE = const(7)
_HEX = const(8)
_NUMBER = const(9)
_LITERAL = const(10)
_DONE = const(11)

_SPACE = tuple(b" \n\r\t")
_NUMBER_PART = tuple(b"0123456789.-+eE")
_PLAIN_ESCAPES = b'"\\/bfnrt'
_PLAIN_MEANINGS = b'"\\/\b\f\n\r\t'
_LITERALS = {0x74: (b"true", True), 0x66: (b"false", False), 0x6E: (b"null", None)}
_REPLACEMENT = const(0xFFFD)


class JsonError(Exception):
    """The text is not JSON, or over one of the bounds."""


class JsonPick:
    """A picker for one or many texts.

        pick = JsonPick(("id",), ("project", "name"))
        pick.feed(data, 0, len(data))        # as often as bytes come
        pick.finish()
        pick.values                          # [text of id, text of project.name], MISSING where there is none

    values: a str, int, float, bool or None for each path, or MISSING, OBJECT, ARRAY. As in json.loads, the last of repeated
    keys counts. Unpaired surrogate escapes become U+FFFD.
    """

    def __init__(self, *paths) -> None:
        if len(paths) > _MOST_PATHS:
            raise ValueError("JsonPick takes at most %d paths" % _MOST_PATHS)
        self._paths = paths
        self._keys = [[key.encode() for key in path] for path in paths]
        self.values = [MISSING] * len(paths)
        self._arrays = bytearray(_LEVELS)  # 1 where the level is an array
        self._masks = bytearray(_LEVELS)  # for each level: which paths lead into it
        self._text = bytearray(_TEXT_BYTES)
        self._utf8 = Utf8Check()
        self.reset()

    def reset(self) -> None:
        """Begin a new text; the values are MISSING again."""
        for i in range(len(self.values)):
            self.values[i] = MISSING
        self._state = _VALUE
        self._depth = 0
        self._mask = (1 << len(self._paths)) - 1  # which paths the value at hand is on
        self._length = 0
        self._is_key = False
        self._keep = False
        self._cut = False
        self._high = 0  # a high surrogate waiting for its low one
        self._unit = 0
        self._literal: tuple = (b"", None)

    @property
    def done(self) -> bool:
        """True once a whole text was read (a number alone is whole only after `finish`)."""
        return self._state == _DONE

    def finish(self) -> None:
        """The text has ended. Raises JsonError if it was not whole."""
        if self._state == _NUMBER and not self._depth:
            self._end_number()
        if self._state != _DONE:
            raise JsonError("the JSON text ends too early")

    def feed(self, data, start: int, end: int) -> None:
        """Take data[start:end] (bytes or bytearray). Raises JsonError at the first byte that can't be right."""
        i = start
        while i < end:
            state = self._state
            if state == _STRING:
                i = self._string(data, i, end)
                continue
            byte = data[i]
            if state == _NUMBER:
                if byte in _NUMBER_PART:
                    self._add_number(byte)
                    i += 1
                else:
                    self._end_number()
                continue
            i += 1
            if state == _LITERAL:
                self._add_literal(byte)
            elif state == _ESCAPE:
                self._escape(byte)
            elif state == _HEX:
                self._hex(byte)
            elif byte not in _SPACE:
                self._structure(state, byte)

    def _structure(self, state: int, byte: int) -> None:
        if state == _COMMA_OR_END:
            if byte == 0x2C:
                self._state = _VALUE if self._arrays[self._depth - 1] else _KEY
                self._mask = 0
            elif byte == (0x5D if self._arrays[self._depth - 1] else 0x7D):
                self._leave()
            else:
                raise JsonError("a comma or a closing bracket is missing")
        elif state == _COLON:
            if byte != 0x3A:
                raise JsonError("a colon is missing")
            self._state = _VALUE
        elif state == _KEY or state == _KEY_OR_END:
            if byte == 0x22:
                self._begin_string(True, self._masks[self._depth - 1] != 0)
            elif byte == 0x7D and state == _KEY_OR_END:
                self._leave()
            else:
                raise JsonError("a key is missing")
        elif state == _DONE:
            raise JsonError("something follows the JSON text")
        elif byte == 0x5D and state == _VALUE_OR_END:
            self._leave()
        else:
            self._begin_value(byte)

    def _begin_value(self, byte: int) -> None:
        if byte == 0x22:
            self._begin_string(False, self._picked() >= 0)
        elif byte == 0x7B or byte == 0x5B:
            self._enter(byte == 0x5B)
        elif byte == 0x2D or 0x30 <= byte <= 0x39:
            self._length = 0
            self._state = _NUMBER
            self._add_number(byte)
        elif byte in _LITERALS:
            self._literal = _LITERALS[byte]
            self._length = 1
            self._state = _LITERAL
        else:
            raise JsonError("a value is missing")

    def _picked(self) -> int:
        """The index of the path that ends at the value at hand, or -1."""
        if self._mask:
            for i in range(len(self._keys)):
                if self._mask >> i & 1 and len(self._keys[i]) == self._depth:
                    return i
        return -1

    def _enter(self, is_array: bool) -> None:
        if self._depth == _LEVELS:
            raise JsonError("the JSON text is nested more than %d levels deep" % _LEVELS)
        self._store(ARRAY if is_array else OBJECT)
        self._arrays[self._depth] = is_array
        self._masks[self._depth] = 0 if is_array else self._mask
        self._depth += 1
        self._mask = 0
        self._state = _VALUE_OR_END if is_array else _KEY_OR_END

    def _leave(self) -> None:
        self._depth -= 1
        self._end_value()

    def _end_value(self) -> None:
        self._state = _COMMA_OR_END if self._depth else _DONE

    def _store(self, value) -> None:
        index = self._picked()
        if index >= 0:
            self.values[index] = value

    def _end_key(self) -> None:
        level = self._depth - 1
        self._mask = 0
        parents = self._masks[level]
        if parents and not self._cut:
            key = bytes(self._text[: self._length])
            for i in range(len(self._keys)):
                path = self._keys[i]
                if parents >> i & 1 and len(path) > level and path[level] == key:
                    self._mask |= 1 << i
                    self.values[i] = MISSING  # a repeated key: what came before no longer counts
        self._state = _COLON

    # Strings

    def _begin_string(self, is_key: bool, keep: bool) -> None:
        self._is_key = is_key
        self._keep = keep
        self._cut = False
        self._length = 0
        self._high = 0
        self._state = _STRING

    def _string(self, data, i: int, end: int) -> int:
        """Take the plain characters from data[i:end]; the index behind what was taken."""
        while i < end:
            byte = data[i]
            if byte == 0x22:
                self._end_string()
                return i + 1
            if byte == 0x5C:
                self._state = _ESCAPE
                return i + 1
            if byte < 0x20:
                raise JsonError("a string holds a control character")
            if self._keep:
                self._add_byte(byte)
            i += 1
        return i

    def _add_byte(self, byte: int) -> None:
        if self._high:
            self._add_character(_REPLACEMENT)
        if self._length < _TEXT_BYTES and not self._cut:
            self._text[self._length] = byte
            self._length += 1
        else:
            self._cut = True

    def _add_character(self, point: int) -> None:
        self._high = 0
        if self._keep:
            encoded = chr(point).encode()
            if self._length + len(encoded) > _TEXT_BYTES:
                self._cut = True
            else:
                for byte in encoded:
                    self._add_byte(byte)

    def _end_string(self) -> None:
        if self._high:
            self._add_character(_REPLACEMENT)
        if self._is_key:
            self._end_key()
            return
        if self._keep:
            length = self._length
            if self._cut:
                length = character_start(self._text, length)
            self._utf8.reset()
            if not self._utf8.feed(self._text, 0, length) or not self._utf8.complete():
                raise JsonError("a string is not valid UTF-8")
            self._store(bytes(self._text[:length]).decode())
        self._end_value()

    def _escape(self, byte: int) -> None:
        self._state = _STRING
        if byte == 0x75:
            self._unit = 1  # a leading one marks how many digits have come
            self._state = _HEX
            return
        meaning = _PLAIN_ESCAPES.find(bytes((byte,)))
        if meaning < 0:
            raise JsonError("a string holds an unknown escape")
        if self._high:
            self._add_character(_REPLACEMENT)
        self._add_character(_PLAIN_MEANINGS[meaning])

    def _hex(self, byte: int) -> None:
        digit = b"0123456789abcdefABCDEF".find(bytes((byte,)))
        if digit < 0:
            raise JsonError("a string holds a broken \\u escape")
        self._unit = self._unit << 4 | (digit if digit < 16 else digit - 6)
        if self._unit < 0x10000:
            return
        self._state = _STRING
        unit = self._unit & 0xFFFF
        if 0xDC00 <= unit <= 0xDFFF and self._high:
            self._add_character(0x10000 + ((self._high - 0xD800) << 10) + unit - 0xDC00)
            return
        if self._high:
            self._add_character(_REPLACEMENT)
        if 0xD800 <= unit <= 0xDBFF:
            self._high = unit
        else:
            self._add_character(_REPLACEMENT if 0xDC00 <= unit <= 0xDFFF else unit)

    # Numbers and literals

    def _add_number(self, byte: int) -> None:
        if self._length == _NUMBER_BYTES:
            raise JsonError("a number is longer than %d characters" % _NUMBER_BYTES)
        self._text[self._length] = byte
        self._length += 1

    def _end_number(self) -> None:
        text = bytes(self._text[: self._length]).decode()
        if not _is_number(text):
            raise JsonError("a number is malformed")
        if self._picked() >= 0:
            self._store(int(text) if text.lstrip("-").isdigit() else float(text))
        self._end_value()

    def _add_literal(self, byte: int) -> None:
        word, value = self._literal
        if byte != word[self._length]:
            raise JsonError("a value is neither true, false nor null")
        self._length += 1
        if self._length == len(word):
            self._store(value)
            self._end_value()


def _is_number(text: str) -> bool:
    # RFC 8259 section 6: [ minus ] int [ frac ] [ exp ]
    if text.startswith("-"):
        text = text[1:]
    for mark in "eE":
        at = text.find(mark)
        if at >= 0:
            exponent = text[at + 1 :]
            if exponent[:1] in ("+", "-"):
                exponent = exponent[1:]
            if not exponent.isdigit():
                return False
            text = text[:at]
            break
    at = text.find(".")
    if at >= 0:
        if not text[at + 1 :].isdigit():
            return False
        text = text[:at]
    return text.isdigit() and (len(text) == 1 or text[0] != "0")
