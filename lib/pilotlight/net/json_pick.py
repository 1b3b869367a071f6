"""Picks fields out of a JSON text (RFC 8259) of any size in constant memory. Pure.

The text may come in pieces, split anywhere. Its grammar is checked, but only the picked values are
kept. Bounds: 8 fields, 254 characters per name, 256 bytes per picked string unless told otherwise:
longer ones are cut between characters. UTF-8 is checked in picked strings only. What is nested more
than 32 levels deep is skipped: of it, only strings and brackets are checked. A number of more than
40 characters counts as missing; the rest of it is not checked.
"""

from micropython import const

from .utf8 import Utf8Check, character_start

MISSING = object()  # no such field
OBJECT = object()  # the field holds an object
ARRAY = object()  # the field holds an array

_MOST_FIELDS = const(8)
_LEVELS = const(32)
_TEXT_BYTES = const(256)
_WORD_BYTES = const(40)

_VALUE = const(0)
_VALUE_OR_END = const(1)
_KEY = const(2)
_KEY_OR_END = const(3)
_COLON = const(4)
_COMMA_OR_END = const(5)
_STRING = const(6)
_ESCAPE = const(7)
_HEX = const(8)
_WORD = const(9)  # a number, true, false or null
_DONE = const(10)

_BYTE_ORDER_MARK = const(b"\xef\xbb\xbf")
_ESCAPES = const(b'"\\/bfnrt')
_MEANINGS = const(b'"\\/\b\f\n\r\t')
_HEX_DIGITS = const(b"0123456789abcdef")
_REPLACEMENT = const(0xFFFD)
_MALFORMED = const("the text is not JSON")


class JsonError(Exception):
    """The text is not JSON."""


class JsonPick:
    """A picker for one text after another.

        pick = JsonPick()
        pick.begin(("id", "project.name"))
        pick.feed(data, 0, len(data))        # for each piece of the text
        pick.finish()
        pick.fields                          # {"id": "f0e1…", "project.name": "Testbed"}

    text_bytes: the bound of a picked string, at least 40.
    fields: a dict from each name given to `begin` to its value: str, int, float, bool or None, or
    one of MISSING, OBJECT and ARRAY. As in json.loads, the last of repeated keys counts. Unpaired
    surrogate escapes become U+FFFD.
    has_begun: an object or an array has begun.
    Raises ValueError if text_bytes is below 40.
    """

    def __init__(self, text_bytes: int = _TEXT_BYTES) -> None:
        if text_bytes < _WORD_BYTES:
            raise ValueError("JsonPick keeps at least %d bytes" % _WORD_BYTES)
        self._arrays = bytearray(_LEVELS)  # 1 where the level is an array
        self._masks = bytearray(_LEVELS)  # for each level: which names lead into it …
        self._starts = bytearray(_LEVELS + 1)  # … and where its keys begin in those names
        self._text = bytearray(text_bytes)
        self._utf8 = Utf8Check()
        self.begin(())

    def begin(self, names) -> None:
        """Begin a new text. names: the fields to pick, up to 8.

        A name is a key, or several from the outermost one inwards, with dots between. So a key that
        contains a dot can't be picked.
        """
        if len(names) > _MOST_FIELDS:
            raise ValueError("JsonPick takes at most %d fields" % _MOST_FIELDS)
        self._names = names
        self.fields = dict.fromkeys(names, MISSING)
        self._state = _VALUE
        self.has_begun = False
        self._depth = 0
        self._skipped = 0  # levels that are under way beyond _LEVELS
        self._mask = (1 << len(names)) - 1  # which names lead to the value at hand, or into it
        self._length = 0  # of what is collected in _text
        self._is_key = False
        self._keep = False
        self._cut = False
        self._high = 0  # a high surrogate waiting for its low one
        self._unit = 0

    @property
    def is_empty(self) -> bool:
        """Nothing but white space has come."""
        return self._state == _VALUE and not self._depth

    def finish(self) -> None:
        """The text has ended. Raises JsonError if it was not whole."""
        if self._state == _WORD:
            self._end_word()
        if self._state != _DONE:
            raise JsonError(_MALFORMED)

    def feed(self, data, start: int, end: int) -> None:
        """Take data[start:end] (bytes or bytearray). Raises JsonError at the first wrong byte."""
        i = start
        while i < end:
            state = self._state
            if state == _STRING:
                i = self._string(data, i, end)
                continue
            byte = data[i]
            i += 1
            if state == _WORD:
                if (
                    byte in (0x2B, 0x2D, 0x2E)
                    or 0x30 <= byte <= 0x39
                    or 0x61 <= byte | 0x20 <= 0x7A
                ):
                    self._add_to_word(byte)
                    continue
                self._end_word()
                state = self._state
            if state == _ESCAPE:
                self._escape(byte)
            elif state == _HEX:
                self._hex(byte)
            elif byte not in (0x20, 0x0A, 0x0D, 0x09):
                self._structure(state, byte)

    def _structure(self, state: int, byte: int) -> None:
        if self._skipped:
            self._skip(byte)
            return
        closing = 0
        if self._depth:
            closing = 0x5D if self._arrays[self._depth - 1] else 0x7D
        if byte == closing and state in (_COMMA_OR_END, _KEY_OR_END, _VALUE_OR_END):
            self._depth -= 1
            self._end_value()
        elif state == _COMMA_OR_END and byte == 0x2C:
            self._state = _VALUE if closing == 0x5D else _KEY
            self._mask = 0
        elif state == _COLON and byte == 0x3A:
            self._state = _VALUE
        elif state in (_KEY, _KEY_OR_END) and byte == 0x22:
            self._begin_string(True, self._masks[self._depth - 1] != 0)
        elif state in (_VALUE, _VALUE_OR_END):
            self._begin_value(byte)
        else:
            raise JsonError(_MALFORMED)

    def _begin_value(self, byte: int) -> None:
        if byte in _BYTE_ORDER_MARK and not self._depth:
            return  # RFC 8259 section 8.1 lets us ignore it
        if byte == 0x22:
            self._begin_string(False, self._picked() is not None)
        elif byte in (0x7B, 0x5B):
            self._enter(byte == 0x5B)
        else:
            self._length = 0
            self._state = _WORD
            self._add_to_word(byte)

    def _enter(self, is_array: bool) -> None:
        depth = self._depth
        self.has_begun = True
        self._store(ARRAY if is_array else OBJECT)
        if depth == _LEVELS:
            self._skipped = 1
            return
        self._arrays[depth] = is_array
        self._masks[depth] = 0 if is_array else self._mask
        self._depth = depth + 1
        self._mask = 0
        self._state = _VALUE_OR_END if is_array else _KEY_OR_END

    def _skip(self, byte: int) -> None:
        """A byte outside of strings, deeper than what is checked."""
        if byte == 0x22:
            self._begin_string(False, False)
        elif byte in (0x7B, 0x5B):
            self._skipped += 1
        elif byte in (0x7D, 0x5D):
            self._skipped -= 1
            self._end_value()  # behind a string or a level

    def _end_value(self) -> None:
        self._state = _COMMA_OR_END if self._depth else _DONE

    def _picked(self) -> str | None:
        """The name of the value at hand, if it is to be picked."""
        if self._mask:
            for i in range(len(self._names)):
                name = self._names[i]
                if self._mask >> i & 1 and len(name) < self._starts[self._depth]:
                    return name
        return None

    def _store(self, value) -> None:
        name = self._picked()
        if name is not None:
            self.fields[name] = value

    # Strings

    def _begin_string(self, is_key: bool, keep: bool) -> None:
        self._is_key = is_key
        self._keep = keep
        self._cut = False
        self._length = 0
        self._state = _STRING

    def _string(self, data, i: int, end: int) -> int:
        """Take plain characters from data[i:end]; the index after the last one taken."""
        while i < end:
            byte = data[i]
            i += 1
            if byte == 0x5C:
                self._state = _ESCAPE
                return i
            if self._high:
                self._add_character(_REPLACEMENT)
            if byte == 0x22:
                self._end_string()
                return i
            if byte < 0x20:
                raise JsonError(_MALFORMED)
            if self._keep:
                self._add_byte(byte)
        return i

    def _add_byte(self, byte: int) -> None:
        if self._length < len(self._text) and not self._cut:
            self._text[self._length] = byte
            self._length += 1
        else:
            self._cut = True

    def _add_character(self, point: int) -> None:
        self._high = 0
        if self._keep:
            for byte in chr(point).encode():
                self._add_byte(byte)

    def _end_string(self) -> None:
        if self._is_key:
            self._end_key()
            return
        if self._keep:
            length = self._length
            if self._cut:
                length = character_start(self._text, length)
            self._utf8.reset()
            if not self._utf8.feed(self._text, 0, length) or not self._utf8.complete():
                raise JsonError("a string in the JSON text is not valid UTF-8")
            self._store(bytes(self._text[:length]).decode())
        self._end_value()

    def _end_key(self) -> None:
        self._mask = 0
        parents = self._masks[self._depth - 1]
        if parents and not self._cut:
            self._match(parents, self._starts[self._depth - 1])
        self._state = _COLON

    def _match(self, parents: int, start: int) -> None:
        """Find the names into this object whose next key, at `start`, is the one that was read."""
        try:
            key = str(self._text[: self._length], "utf-8")
        except UnicodeError:
            return
        if "." in key:
            return
        end = start + len(key)
        for i in range(len(self._names)):
            name = self._names[i]
            if (
                parents >> i & 1
                and name.startswith(key, start)
                and (len(name) == end or name.startswith(".", end))
            ):
                self._mask |= 1 << i
                self._starts[self._depth] = end + 1
                self.fields[name] = MISSING  # of a repeated key, only the last one counts

    def _escape(self, byte: int) -> None:
        self._state = _STRING
        if byte == 0x75:
            self._unit = 1  # a leading one marks how many digits have come
            self._state = _HEX
            return
        meaning = _ESCAPES.find(bytes((byte,)))
        if meaning < 0:
            raise JsonError(_MALFORMED)
        if self._high:
            self._add_character(_REPLACEMENT)
        self._add_character(_MEANINGS[meaning])

    def _hex(self, byte: int) -> None:
        digit = _HEX_DIGITS.find(bytes((byte | 0x20 if byte > 0x40 else byte,)))
        if digit < 0:
            raise JsonError(_MALFORMED)
        self._unit = self._unit << 4 | digit
        if self._unit < 0x10000:
            return
        self._state = _STRING
        unit = self._unit & 0xFFFF
        low = 0xDC00 <= unit <= 0xDFFF
        if low and self._high:
            self._add_character(0x10000 + ((self._high - 0xD800) << 10) + unit - 0xDC00)
            return
        if self._high:
            self._add_character(_REPLACEMENT)
        if 0xD800 <= unit <= 0xDBFF:
            self._high = unit
        else:
            self._add_character(_REPLACEMENT if low else unit)

    # Numbers and literals

    def _add_to_word(self, byte: int) -> None:
        length = self._length
        if length < _WORD_BYTES:
            self._text[length] = byte
        elif length == _WORD_BYTES:
            _number(bytes(self._text[:length]) + b"0")  # the begin of a number, or JsonError
        else:
            return
        self._length = length + 1

    def _end_word(self) -> None:
        word = bytes(self._text[: self._length])
        if self._length > _WORD_BYTES:
            self._store(MISSING)
        elif word == b"true":
            self._store(True)
        elif word == b"false":
            self._store(False)
        elif word == b"null":
            self._store(None)
        else:
            self._store(_number(word))
        self._end_value()


def _number(word: bytes):
    """The value of a number (RFC 8259 section 6). Raises JsonError."""
    # float() accepts more than JSON does: a plus, leading zeros, ".5", "5.", "nan".
    unsigned = word[1:] if word[:1] == b"-" else word
    point = unsigned.find(b".")
    if (
        not unsigned[:1].isdigit()
        or (unsigned[:1] == b"0" and unsigned[1:2].isdigit())
        or (point >= 0 and not unsigned[point + 1 : point + 2].isdigit())
        or not unsigned[-1:].isdigit()
        or b"_" in unsigned
    ):
        raise JsonError(_MALFORMED)
    try:
        return int(word) if unsigned.isdigit() else float(word)
    except ValueError:
        raise JsonError(_MALFORMED)
