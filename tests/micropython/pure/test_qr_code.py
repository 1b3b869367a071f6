"""The QR code on both interpreters. tests/property compares it with segno and ZXing."""

import hashlib

from firmware.screen import qr_code
from tests.support.expect import raises

PAIR = (
    "#######.####.###.#....#######"
    "#.....#.#..#...#....#.#.....#"
    "#.###.#..#...#...##...#.###.#"
    "#.###.#....##..#####..#.###.#"
    "#.###.#.#..##..####.#.#.###.#"
    "#.....#.###.###.#...#.#.....#"
    "#######.#.#.#.#.#.#.#.#######"
    "........##...#....###........"
    "###..##.##.###.##...#####..##"
    "##.#.#..#...#...##.##.#....##"
    "###.#.#..##.###.####...####.#"
    ".##.#...#.###.###.#...##.#..."
    "##..###.###..##.#...#.#.....#"
    ".##..#.#.##..##...###.##...##"
    "....#.#..#.#...##.###.###...#"
    "#.#.##..##...#..#..##.#.#...."
    ".##.####...###.#..#.#.#.....#"
    "..#..#...##.#..#.#.#.###..###"
    "####.##..##.####...#.##.##..#"
    "...###.##.###.#.#.#.#.##....."
    "##...####.#..###..########.#."
    "........#....###.##.#...###.#"
    "#######..#.#...####.#.#.#...#"
    "#.....#.###..#.##.###...#..#."
    "#.###.#..#####.#..########.##"
    "#.###.#.....#..#.###.#..###.#"
    "#.###.#.##..####.##..#..#..##"
    "#.....#.#.###.###...#...##..."
    "#######.#....###..#.#.#..#..#"
)


def test_the_pairing_address():
    picture = qr_code.encode("https://next.frame.io/pair/987654")
    assert isinstance(picture, bytearray) and len(picture) == 4 * qr_code.SIZE == 116
    for y in range(qr_code.SIZE):
        bits = int.from_bytes(picture[4 * y : 4 * y + 4], "big")
        wanted = PAIR[y * qr_code.SIZE : (y + 1) * qr_code.SIZE]
        assert bits == int(wanted.replace("#", "1").replace(".", "0"), 2) << 3, y


def test_both_interpreters_agree():
    pictures = b"".join(
        bytes(qr_code.encode("%d€%s" % (length, "y" * length))) for length in range(49)
    )
    assert hashlib.sha256(pictures).digest().hex()[:32] == "2011a6eee466e9e573517e6740b15d77"


def test_how_long_a_text_may_be():
    for text in ("", "x" * qr_code.LARGEST_BYTES, "€" * 17 + "ab"):
        assert len(qr_code.encode(text)) == 116
    for text in ("x" * 54, "€" * 18, "x" * 1000):
        with raises(ValueError) as caught:
            qr_code.encode(text)
        assert "%d bytes" % len(text.encode()) in str(caught.error)
