"""QR codes of version 3, level L, byte mode: 29 x 29 modules for up to 53 bytes. Pure.

By ISO/IEC 18004:2015, whose sections are named below. A row of modules is an integer of 29 bits,
with the leftmost module in bit 28. So it is a small integer on a board, and the rules for choosing
a mask process a whole row at once.
"""

from micropython import const

SIZE = 29  # modules a side, without the quiet zone of 4 that readers need
LARGEST_BYTES = 53

_ROW = const(0x1FFFFFFF)
_QUIET = const(4)
_DATA_CODEWORDS = const(55)
_CHECK_CODEWORDS = const(15)
_FIELD = const(0x11D)  # x^8 + x^4 + x^3 + x^2 + 1
# Annex A: the generator polynomial of degree 15, as exponents of 2, highest degree first, without
# the leading 1.
_GENERATOR = b"\x08\xb7\x3d\x5b\xca\x25\x33\x3a\x3a\xed\x8c\x7c\x05\x63\x69"
_FINDER = b"\x7f\x41\x5d\x5d\x5d\x41\x7f"
_ALIGNMENT = b"\x1f\x11\x15\x11\x1f"
_TIMING = const(0x155500)  # in row 6, between the finder patterns
_LEVEL_L = const(1)


def encode(text: str) -> bytearray:
    """29 rows of 4 bytes, dark modules as ones.

    The leftmost is in the most significant bit (MONO_HLSB). Three bits pad each row. Raises
    ValueError for a text of more than 53 bytes in UTF-8.
    """
    data = text.encode()
    if len(data) > LARGEST_BYTES:
        raise ValueError(
            "%d bytes are too long for the QR code: at most %d" % (len(data), LARGEST_BYTES)
        )
    rows = modules(codewords(data))
    masked = [0] * (_QUIET + SIZE + _QUIET)
    best = least = -1
    for mask in range(8):
        apply_mask(rows, mask, masked)
        points = penalty(masked)
        if least < 0 or points < least:
            best, least = mask, points
    apply_mask(rows, best, masked)
    return with_format(masked, best)


def codewords(data: bytes) -> bytearray:
    """The codewords of the data (7.4), then those for error correction (7.5)."""
    codewords = bytearray(_DATA_CODEWORDS + _CHECK_CODEWORDS)
    length = len(data)
    codewords[0] = 0x40 | length >> 4  # 4: byte mode; the rest is shifted by four bits
    codewords[1] = length << 4 & 0xFF
    for at in range(length):
        codewords[1 + at] |= data[at] >> 4
        codewords[2 + at] = data[at] << 4 & 0xFF
    for at in range(length + 2, _DATA_CODEWORDS):
        codewords[at] = 0x11 if (at - length) & 1 else 0xEC

    powers, logarithms = bytearray(255), bytearray(256)
    power = 1
    for exponent in range(255):
        powers[exponent] = power
        logarithms[power] = exponent
        power <<= 1
        if power > 255:
            power ^= _FIELD
    check = bytearray(_CHECK_CODEWORDS + 1)
    for at in range(_DATA_CODEWORDS):
        lead = codewords[at] ^ check[0]
        for index in range(_CHECK_CODEWORDS):
            check[index] = check[index + 1]
            if lead:
                check[index] ^= powers[(logarithms[lead] + _GENERATOR[index]) % 255]
    for index in range(_CHECK_CODEWORDS):
        codewords[_DATA_CODEWORDS + index] = check[index]
    return codewords


def _function_modules(row: int) -> int:
    """The modules of a row that hold no data (6.3). Their matrix is symmetric."""
    if row == 6:
        return _ROW
    modules = 1 << 22
    if row < 9 or row > 20:
        modules = 0x1FF00000
    if row < 9:
        modules |= 0xFF
    elif 20 <= row < 25:
        modules |= 0x1F0
    return modules


def modules(codewords: bytearray) -> list:
    """The rows with function patterns and data, without mask (7.7) and format."""
    rows = [0] * SIZE
    for at in range(7):
        rows[at] = _FINDER[at] << 22 | _FINDER[at]
        rows[SIZE - 7 + at] = _FINDER[at] << 22
    rows[6] |= _TIMING
    for row in range(8, 21, 2):
        rows[row] |= 1 << 22
    for at in range(5):
        rows[20 + at] |= _ALIGNMENT[at] << 4

    bit = 0
    right = 0  # the right one of two columns, which are filled upwards and downwards in turn
    up = True
    while right < SIZE:
        for step in range(SIZE):
            row = SIZE - 1 - step if up else step
            free = ~_function_modules(row)
            for column in range(right, right + 2):
                if free >> column & 1:
                    # 7 modules are left over.
                    if bit < 560 and codewords[bit >> 3] >> (7 - (bit & 7)) & 1:
                        rows[row] |= 1 << column
                    bit += 1
        up = not up
        right += 2
        if right == 22:  # the vertical timing pattern takes a column out of the pairs
            right += 1
    return rows


def apply_mask(rows: list, mask: int, masked: list) -> None:
    """Put the rows under one of the eight masks (7.8.2) into `masked`, between quiet rows."""
    for i in range(12):  # the period of the masks is 12 rows and 6 columns at most
        pattern = 0
        for j in range(6):
            if mask == 0:
                remainder = (i + j) % 2
            elif mask == 1:
                remainder = i % 2
            elif mask == 2:
                remainder = j % 3
            elif mask == 3:
                remainder = (i + j) % 3
            elif mask == 4:
                remainder = (i // 2 + j // 3) % 2
            elif mask == 5:
                remainder = i * j % 2 + i * j % 3
            elif mask == 6:
                remainder = (i * j % 2 + i * j % 3) % 2
            else:
                remainder = ((i + j) % 2 + i * j % 3) % 2
            pattern = pattern << 1 | (remainder == 0)
        pattern = pattern * 0x1041041 >> 1  # five times
        for row in range(i, SIZE, 12):
            masked[_QUIET + row] = rows[row] ^ (pattern & ~_function_modules(row))


def penalty(rows: list) -> int:
    """The penalty points of the rows (7.8.3), with light modules in place of the format.

    "Preceded or followed by a light area" includes the quiet zone, and finder-like patterns don't
    overlap, as with segno.
    """
    points = dark = above = 0
    hits = [0] * 8  # of the last rows
    for i in range(SIZE):
        at = _QUIET + i
        row, below = rows[at], rows[at + 1]
        dark += _count(row)
        points += _points_in_row(row)
        if i < SIZE - 1:
            points += 3 * _count(_alike(row, row >> 1, below, below >> 1, row) & (_ROW >> 1))
        if i < SIZE - 4:
            runs = _alike(row, below, rows[at + 2], rows[at + 3], rows[at + 4]) & _ROW
            points += _count(runs) + 2 * _count(runs & ~above)
            above = runs
        if i < SIZE - 6:
            like = (
                row
                & ~below
                & rows[at + 2]
                & rows[at + 3]
                & rows[at + 4]
                & ~rows[at + 5]
                & rows[at + 6]
            )
            if like:
                before = rows[at - 4] | rows[at - 3] | rows[at - 2] | rows[at - 1]
                after = rows[at + 7] | rows[at + 8] | rows[at + 9] | rows[at + 10]
                like &= ~(before & after) & ~hits[(i - 4) & 7] & ~hits[(i - 6) & 7]
                points += 40 * _count(like)
            hits[i & 7] = like
    return points + abs(2 * dark - SIZE * SIZE) * 10 // (SIZE * SIZE) * 10


def _points_in_row(row: int) -> int:
    """For runs of five or more, and for finder-like patterns beside four light modules."""
    runs = _alike(row, row >> 1, row >> 2, row >> 3, row >> 4) & (_ROW >> 4)
    points = _count(runs) + 2 * _count(runs & ~(runs >> 1))
    like = row >> 6 & ~(row >> 5) & row >> 4 & row >> 3 & row >> 2 & ~(row >> 1) & row
    if like:
        before = row >> 7 | row >> 8 | row >> 9 | row >> 10
        row &= 0x3FFFFF  # the rest is not needed; so all stay small integers
        hits = like & ~(before & (row << 1 | row << 2 | row << 3 | row << 4))
        points += 40 * _count(hits & ~(hits >> 4 | hits >> 6))  # where two overlap, the left one
    return points


def _alike(a: int, b: int, c: int, d: int, e: int) -> int:
    """The bits in which all are equal."""
    return a & b & c & d & e | ~(a | b | c | d | e)


def _count(bits: int) -> int:
    """The number of ones in up to 30 bits."""
    bits -= bits >> 1 & 0x15555555
    bits = (bits & 0x33333333) + (bits >> 2 & 0x33333333)
    bits = (bits + (bits >> 4)) & 0x0F0F0F0F
    bits += bits >> 8
    return (bits + (bits >> 16)) & 63


def with_format(rows: list, mask: int) -> bytearray:
    """The rows as bytes, with the format in them twice (7.9), without the quiet zone."""
    data = _LEVEL_L << 3 | mask
    check = data << 10
    for shift in range(4, -1, -1):
        if check >> (10 + shift) & 1:
            check ^= 0x537 << shift
    bits = (data << 10 | check) ^ 0x5412
    picture = bytearray(4 * SIZE)
    for i in range(SIZE):
        row = rows[_QUIET + i]
        if i == 8:
            row |= bits >> 9 << 23 | (bits >> 7 & 3) << 20 | (bits & 0xFF)
        elif i < 6:
            row |= (bits >> i & 1) << 20
        elif i == 7:
            row |= (bits >> 6 & 1) << 20
        elif i == 21:
            row |= 1 << 20  # always dark
        elif i > 21:
            row |= (bits >> (i - 14) & 1) << 20
        picture[4 * i] = row >> 21
        picture[4 * i + 1] = row >> 13 & 0xFF
        picture[4 * i + 2] = row >> 5 & 0xFF
        picture[4 * i + 3] = (row & 0x1F) << 3
    return picture
