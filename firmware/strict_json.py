"""Reads a small JSON file strictly (RFC 8259), and tells in which line it is wrong. Pure.

MicroPython's `json` accepts a missing comma or colon, a comma too many, and a key that is there
twice; it splits an emoji that is written as two escapes. `json` names no line either. This module
is used at the start only, and then unloaded.
"""

from micropython import const

LARGEST_BYTES = 8192
_PIECE_BYTES = const(512)
_DEEPEST = const(8)  # the schema needs 3
_LONGEST_KEY_SHOWN = const(48)
_QUOTE = const(0x22)
_BACKSLASH = const(0x5C)
_SPACE = const((0x20, 0x09, 0x0A, 0x0D))
_DELIMITERS = const((0x20, 0x09, 0x0A, 0x0D, 0x22, 0x23, 0x2C, 0x2F, 0x3A, 0x5B, 0x5D, 0x7B, 0x7D))
_WORDS = const(((b"true", True), (b"false", False), (b"null", None)))
_ESCAPES = const(b'"\\/bfnrt')
_ESCAPED = const(b'"\\/\b\f\n\r\t')


class JsonError(ValueError):
    """The file can't be used.

    The text goes behind the file's name. It names the line and what is wrong there, and of the
    content only a key: a value may be a secret.
    """


def load(path: str):
    """The value in a file of at most LARGEST_BYTES. Raises OSError, JsonError."""
    data = b""
    with open(path, "rb") as file:
        while True:
            # Read in pieces: one read of the largest size would allocate it as a whole.
            piece = file.read(_PIECE_BYTES)
            if not piece:
                return loads(data)
            data += piece
            if len(data) > LARGEST_BYTES:
                raise JsonError("is longer than %d bytes" % LARGEST_BYTES)


def loads(data: bytes):
    """The value of a JSON text in UTF-8. Raises JsonError."""
    if b"\0" in data[:2] or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise _error(data, 0, "this is UTF-16; save it as UTF-8")
    if data[:3] == b"\xef\xbb\xbf":
        raise _error(data, 0, "a byte order mark; save it as UTF-8 without one")
    at = 0
    for line in data.split(b"\n"):
        try:
            line.decode()
        except UnicodeError:
            raise _error(data, at, "a character that is not UTF-8; save it as UTF-8")
        at += len(line) + 1
    return _Reader(data).whole()


def _error(data: bytes, at: int, what: str) -> JsonError:
    return JsonError("is not valid JSON, line %d: %s" % (data[:at].count(b"\n") + 1, what))


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def whole(self):
        value = self._value(_DEEPEST)
        if self._peek() >= 0:
            raise self._unexpected("nothing may follow the end of the JSON text")
        return value

    def _peek(self) -> int:
        """The next byte that is no white space, or -1 at the end."""
        data = self._data
        while self._at < len(data):
            if data[self._at] not in _SPACE:
                return data[self._at]
            self._at += 1
        return -1

    def _unexpected(self, what: str) -> JsonError:
        byte = self._peek()
        if byte < 0:
            what = "the file ends too early, or is empty"
        elif byte == 0x2F or byte == 0x23:
            what = "JSON has no comments"
        return _error(self._data, self._at, what)

    def _value(self, depth: int):
        byte = self._peek()
        if byte == _QUOTE:
            return self._text()
        if byte == 0x7B or byte == 0x5B:
            if not depth:
                raise self._unexpected("more than %d { and [ in each other" % _DEEPEST)
            self._at += 1
            return self._object(depth - 1) if byte == 0x7B else self._list(depth - 1)
        data = self._data
        end = self._at
        while end < len(data) and data[end] not in _DELIMITERS:
            end += 1
        word = data[self._at : end]
        for name, value in _WORDS:
            if word == name:
                self._at = end
                return value
        if not _is_number(word):
            raise self._unexpected(
                'this must be a text in "double quotes", a number, true, false, null, { or ['
            )
        self._at = end
        return int(word) if word.lstrip(b"-").isdigit() else float(word.decode())

    def _object(self, depth: int) -> dict:
        members: dict = {}
        while self._has_next(0x7D, bool(members)):
            if self._peek() != _QUOTE:
                raise self._unexpected('a key must be a text in "double quotes"')
            key = self._text()
            if key in members:
                raise self._unexpected("the key %s is there twice" % key[:_LONGEST_KEY_SHOWN])
            if self._peek() != 0x3A:
                raise self._unexpected("a colon is missing before this")
            self._at += 1
            members[key] = self._value(depth)
        return members

    def _list(self, depth: int) -> list:
        members: list = []
        while self._has_next(0x5D, bool(members)):
            members.append(self._value(depth))
        return members

    def _has_next(self, closing: int, has_members: bool) -> bool:
        """Go behind the comma before the next member, or behind the closing bracket."""
        byte = self._peek()
        comma_at = self._at
        if byte == closing:
            self._at += 1
            return False
        if not has_members:
            return True
        if byte != 0x2C:
            raise self._unexpected("a comma, or a %c, is missing before this" % closing)
        self._at += 1
        if self._peek() == closing:
            raise _error(self._data, comma_at, "a comma before a %c" % closing)
        return True

    def _text(self) -> str:
        data = self._data
        text = bytearray()
        begin = at = self._at + 1
        while True:
            byte = data[at] if at < len(data) else 0x0A
            if byte == _QUOTE:
                break
            if byte == 0x0A or byte == 0x0D:
                raise _error(data, at, 'the " at the end of a text is missing')
            if byte < 0x20:
                raise _error(data, at, "a text holds a control character, such as a tab")
            at += 1
            if byte == _BACKSLASH:
                text.extend(data[begin : at - 1])
                at = begin = self._escape(text, at)
        text.extend(data[begin:at])
        self._at = at + 1
        return text.decode()

    def _escape(self, text: bytearray, at: int) -> int:
        r"""Add the character behind a \ to the text; the index behind it."""
        data = self._data
        name = data[at : at + 1]
        if name and name in _ESCAPES:
            text.append(_ESCAPED[_ESCAPES.find(name)])
            return at + 1
        code = self._code(at)
        at += 5
        if 0xD800 <= code < 0xDC00 and data[at : at + 1] == b"\\":
            low = self._code(at + 1) - 0xDC00
            code = 0x10000 + ((code - 0xD800) << 10 | low) if 0 <= low < 0x400 else code
            at += 6
        if 0xD800 <= code < 0xE000:
            raise _error(data, at, "half a character: \\ud800 to \\udfff come in pairs")
        text.extend(chr(code).encode())
        return at

    def _code(self, at: int) -> int:
        digits = self._data[at + 1 : at + 5]
        is_hex = len(digits) == 4 and all(
            [0x30 <= byte <= 0x39 or 0x61 <= byte | 0x20 <= 0x66 for byte in digits]
        )
        if self._data[at : at + 1] != b"u" or not is_hex:
            raise _error(self._data, at, "this \\ begins no escape; a backslash is written \\\\")
        return int(digits.decode(), 16)


def _is_number(word: bytes) -> bool:
    mantissa, e, exponent = word.lower().partition(b"e")
    whole, dot, fraction = mantissa.partition(b".")
    if whole[:1] == b"-":
        whole = whole[1:]
    if exponent[:1] in (b"+", b"-"):
        exponent = exponent[1:]
    return (
        whole.isdigit()
        and (whole == b"0" or whole[:1] != b"0")
        and (not dot or fraction.isdigit())
        and (not e or exponent.isdigit())
    )
