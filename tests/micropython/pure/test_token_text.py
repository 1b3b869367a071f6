"""What may be a token."""

from pilotlight.token_text import TOKEN_BYTES, is_token


def test_visible_ascii_but_quotes_and_backslashes_may_be_a_token():
    for code in range(256):
        expected = 0x21 <= code <= 0x7E and chr(code) not in '"\\'
        assert is_token("a%sb" % chr(code)) == expected, code
    assert is_token("a" * TOKEN_BYTES) and not is_token("a" * (TOKEN_BYTES + 1))
    for value in ("", None, 5, b"abc"):
        assert not is_token(value), value
