"""Picks fields out of a JSON text (RFC 8259) of any size in constant memory. Pure.

The text may come in pieces, split anywhere. Bounds: 8 fields, 256 bytes per key and picked string
unless told otherwise: longer keys match no field, longer strings are cut between characters. A
number of more than 40 characters counts as missing; the rest of it is not checked.

Checked is the grammar of each object on the way to a picked field, with all its keys, texts, words
and numbers. What can't hold a picked field is skipped: arrays, and objects behind keys that lead
to no field. Of that, nothing is checked but where its strings end and that as many brackets close
as open: not commas, colons, words, escapes, nor which bracket closes which. So nesting of any depth
needs no memory. UTF-8 and control characters are checked in keys and picked strings only.
"""

from micropython import const

from .utf8 import character_start, is_utf8

MISSING = object()  # no such field
OBJECT = object()  # the field holds an object
ARRAY = object()  # the field holds an array

_MOST_FIELDS = const(8)
_TEXT_BYTES = const(256)
_WORD_BYTES = const(40)

_VALUE = const(0)
_KEY = const(1)
_KEY_OR_END = const(2)
_COLON = const(3)
_COMMA_OR_END = const(4)
_STRING = const(5)
_ESCAPE = const(6)
_WORD = const(7)  # a number, true, false or null
_DONE = const(8)
_SKIP = const(9)  # in what can't hold a picked field …
_SKIP_STRING = const(10)  # … in a string in it …
_SKIP_ESCAPE = const(11)  # … behind a backslash

_BYTE_ORDER_MARK = const(b"\xef\xbb\xbf")
_ESCAPES = const(b'"\\/bfnrt')
_MEANINGS = const(b'"\\/\b\f\n\r\t')
_HEX_DIGITS = const(b"0123456789abcdef")
_LEADS = const(b"\x00\xc0\xe0\xf0")  # of characters of 1 to 4 bytes in UTF-8
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
            raise ValueError("JsonPick keeps at least 40 bytes")
        self._text = bytearray(text_bytes)
        self.begin(())

    def begin(self, names) -> None:
        """Begin a new text. names: the fields to pick, up to 8.

        A name is a key, or several from the outermost one inwards, with dots between. So a key that
        contains a dot can't be picked.
        """
        if len(names) > _MOST_FIELDS:
            raise ValueError("JsonPick takes at most 8 fields")
        self.fields = dict.fromkeys(names, MISSING)
        self._names = names
        self._lines = ("\n%s\n" % "\n".join(names)).encode()
        # Bytes, because each new text would be looked up among all interned names.
        self._prefix = b"\n"  # of what is in the object at hand, as in _lines
        self._path = b"\n"  # of the value at hand
        self._leads = bool(names)  # names lead into it
        self._name: str | None = None  # of the value at hand, if it is to be picked
        self._state = _VALUE
        self.has_begun = False
        self._depth = 0
        self._brackets = 0  # open ones in what is skipped
        self._length = 0  # of a key, a string or a word; as much of it as fits is in _text
        self._is_key = False
        self._high = 0  # a high surrogate waiting for its low one
        self._unit = 0  # of an escape \\u: a leading 1 and the digits that have come

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
        """Take data[start:end] (bytes or bytearray). Raises JsonError if it is no JSON."""
        i = start
        while i < end:
            state = self._state
            if state == _STRING:
                i = self._string(data, i, end)
            elif state >= _SKIP:
                i = self._skip(data, i, end)
            elif state == _WORD:
                i = self._word(data, i, end)
            else:
                byte = data[i]
                i += 1
                if state == _ESCAPE:
                    self._escape(byte)
                elif byte not in (0x20, 0x0A, 0x0D, 0x09):
                    self._structure(state, byte)

    def _structure(self, state: int, byte: int) -> None:
        if byte == 0x22 and state in (_VALUE, _KEY, _KEY_OR_END):
            self._state = _STRING
            self._is_key = state != _VALUE
            self._length = 0
        elif byte == 0x7D and state in (_COMMA_OR_END, _KEY_OR_END):
            self._depth -= 1
            self._prefix = self._prefix[: max(1, self._prefix[:-1].rfind(b".") + 1)]
            self._end_value()
        elif byte == 0x2C and state == _COMMA_OR_END:
            self._state = _KEY
        elif byte == 0x3A and state == _COLON:
            self._state = _VALUE
        elif state != _VALUE:
            raise JsonError(_MALFORMED)
        elif byte in (0x7B, 0x5B):
            self._enter(byte == 0x5B)
        elif self._depth or byte not in _BYTE_ORDER_MARK:  # RFC 8259 section 8.1: may be ignored
            self._state = _WORD
            self._text[0] = byte
            self._length = 1

    def _enter(self, is_array: bool) -> None:
        self.has_begun = True
        self._store(ARRAY if is_array else OBJECT)
        if is_array or not self._leads:
            self._brackets = 1
            self._state = _SKIP
            return
        if self._depth:
            self._prefix = self._path + b"."
        self._depth += 1
        self._state = _KEY_OR_END

    def _skip(self, data, i: int, end: int) -> int:
        """Skip data[i:end], up to the end of what is skipped."""
        find, count = data.find, data.count
        state = self._state
        brackets = self._brackets
        if state == _SKIP_ESCAPE:
            i += 1
            state = _SKIP_STRING
        while i < end:
            quote = find(b'"', i, end)
            stop = end if quote < 0 else quote
            if state == _SKIP_STRING:
                escape = find(b"\\", i, stop)
                if escape >= 0:
                    i = escape + 2
                    continue
                if quote >= 0:
                    state = _SKIP
            else:
                closed = count(b"}", i, stop) + count(b"]", i, stop)
                if closed >= brackets:  # its end may be here
                    while i < stop:
                        byte = data[i]
                        i += 1
                        if byte in (0x7B, 0x5B):
                            brackets += 1
                        elif byte in (0x7D, 0x5D):
                            brackets -= 1
                            if not brackets:
                                self._end_value()
                                return i
                else:
                    brackets += count(b"{", i, stop) + count(b"[", i, stop) - closed
                if quote >= 0:
                    state = _SKIP_STRING
            if quote < 0:
                break
            i = quote + 1
        self._state = _SKIP_ESCAPE if i > end else state
        self._brackets = brackets
        return end

    def _end_value(self) -> None:
        self._state = _COMMA_OR_END if self._depth else _DONE

    def _store(self, value) -> None:
        if self._name is not None:
            self.fields[self._name] = value

    def _collect(self, piece) -> None:
        """Append bytes to _text, as many as fit."""
        start = self._length
        self._length = end = start + len(piece)
        room = len(self._text) - start
        if room > 0:
            self._text[start:end] = piece if len(piece) <= room else piece[:room]

    # Strings

    def _string(self, data, i: int, end: int) -> int:
        """Take data[i:end] up to the string's end or the next escape."""
        quote = data.find(b'"', i, end)
        stop = end if quote < 0 else quote
        escape = data.find(b"\\", i, stop)
        if escape >= 0:
            stop = escape
        if self._high and escape != i:
            self._high = 0
            self._add(_REPLACEMENT)
        if stop > i and (self._is_key or self._name is not None):
            piece = memoryview(data)[i:stop]
            if min(piece) < 0x20:
                raise JsonError(_MALFORMED)
            self._collect(piece)
        if escape >= 0:
            self._state = _ESCAPE
        elif quote < 0:
            return end
        else:
            self._end_string()
        return stop + 1

    def _add(self, point: int) -> None:
        """Append a character, or the low half of one. A high one waits for that."""
        high = self._high
        self._high = 0
        if 0xDC00 <= point <= 0xDFFF:
            point = 0x10000 + ((high - 0xD800) << 10) + point - 0xDC00 if high else _REPLACEMENT
        elif high:
            self._add(_REPLACEMENT)
        if 0xD800 <= point <= 0xDBFF:
            self._high = point
        elif self._is_key or self._name is not None:
            # Not chr(): what that gives stays in memory for ever.
            more = (point >= 0x80) + (point >= 0x800) + (point >= 0x10000)
            character = bytearray((_LEADS[more] | point >> 6 * more,))
            while more:
                more -= 1
                character.append(0x80 | point >> 6 * more & 0x3F)
            self._collect(character)

    def _end_string(self) -> None:
        if self._is_key:
            self._state = _COLON
            self._end_key()
            return
        if self._name is not None:
            text = self._text[: self._length]
            if self._length > len(text):
                text = text[: character_start(text, len(text))]
            if not is_utf8(text):
                raise JsonError("a string in the JSON text is not valid UTF-8")
            self._store(str(text, "utf-8"))
        self._end_value()

    def _end_key(self) -> None:
        self._name = None
        self._leads = False
        lines = self._lines
        key = self._text[: self._length]
        path = self._prefix + key
        stop = len(lines) - 1
        at = lines.find(path, 0, stop)
        if at < 0 or self._length > len(key) or b"." in key or b"\n" in key:
            return
        self._path = path
        while at >= 0:
            end = at + len(path)
            byte = lines[end]
            if byte in (0x0A, 0x2E):
                name = self._names[lines.count(b"\n", 0, at)]
                self.fields[name] = MISSING  # of a repeated key, only the last one counts
                if byte == 0x0A:
                    self._name = name
                else:
                    self._leads = True
            at = lines.find(path, end, stop)

    def _escape(self, byte: int) -> None:
        """Take a byte behind a backslash."""
        unit = self._unit
        if unit:
            digit = _HEX_DIGITS.find(bytes((byte | 0x20 if byte > 0x40 else byte,)))
            if digit < 0:
                raise JsonError(_MALFORMED)
            self._unit = unit = unit << 4 | digit
            if unit < 0x10000:
                return
            self._unit = 0
            unit &= 0xFFFF
        elif byte == 0x75:
            self._unit = 1
            return
        else:
            meaning = _ESCAPES.find(bytes((byte,)))
            if meaning < 0:
                raise JsonError(_MALFORMED)
            unit = _MEANINGS[meaning]
        self._state = _STRING
        self._add(unit)

    # Numbers and literals

    def _word(self, data, i: int, end: int) -> int:
        start = i
        while i < end:
            byte = data[i]
            letter = 0x61 <= byte | 0x20 <= 0x7A
            if not (letter or 0x30 <= byte <= 0x39 or byte in (0x2B, 0x2D, 0x2E)):
                break
            i += 1
        self._collect(memoryview(data)[start:i])
        if i < end:
            self._end_word()
        return i

    def _end_word(self) -> None:
        word = bytes(self._text[: min(self._length, _WORD_BYTES)])
        value: object = None
        if self._length > _WORD_BYTES:
            _number(word + b"0")  # the begin of a number, or JsonError
            value = MISSING
        elif word in (b"true", b"false"):
            value = word == b"true"
        elif word != b"null":
            value = _number(word)
        self._store(value)
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
