"""Short texts: what goes into a URL, settings, tokens, times, and what the screen shows."""

import datetime
import ipaddress
import itertools
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import parse_qsl, quote

import pytest

from firmware.screen.transliteration import BOX, readable
from pilotlight.iso_time import seconds_of
from pilotlight.net.http_message import ResponseHead, host_field, percent_encode
from pilotlight.oauth_api import form_encode
from pilotlight.settings import Settings, SettingsError, is_host, is_semver
from pilotlight.token_text import is_token
from tests.proofs.automata import (
    Automaton,
    Language,
    alt,
    difference,
    maybe,
    one_of,
    plus,
    seq,
    star,
)

ASCII = [chr(code) for code in range(128)]
DIGITS, NOT_ZERO = "0123456789", "123456789"
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
OTHERS = ["é", "٣", "€", "😀"]  # of 2, 2, 3 and 4 bytes; the second is a digit elsewhere


def characters() -> Iterator[str]:
    """All that a text can hold."""
    return (chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)


def every(alphabet: str, longest: int) -> Iterator[str]:
    """All texts over the alphabet, up to this length."""
    for length in range(longest + 1):
        yield from map("".join, itertools.product(alphabet, repeat=length))


def list_of(part: Language, between: str) -> Language:
    """One or more of the part, with this between."""
    return seq(part, star(seq(between, part)))


@pytest.mark.long
def test_percent_encoding_is_the_standard() -> None:
    """`percent_encode` leaves unreserved characters (RFC 3986) and encodes each other one.

    Of: lib/pilotlight/net/http_message.py
    For: all texts
    By: enumeration of all 1,112,064 characters against Python's `quote`, and of all pairs of ASCII
        and some others; it encodes byte by byte and keeps nothing between two
    """
    for letter in characters():
        assert percent_encode(letter) == quote(letter, safe="-._~")
    for pair in itertools.product([*ASCII, *OTHERS], repeat=2):
        assert percent_encode("".join(pair)) == percent_encode(pair[0]) + percent_encode(pair[1])


def test_a_form_is_read_as_it_was_meant() -> None:
    """What `form_encode` makes of names and values is read by Python as the same ones.

    Of: lib/pilotlight/oauth_api.py
    Within: one or two fields, values up to 2 characters of 12 that mean something in forms
    By: enumeration
    """
    values = list(every("a &=+%;é\r\n#\0", 2))
    for value in values:
        fields = [("scope", value), ("b", value)]
        for some in (fields[:1], fields):
            body = form_encode(some).decode()
            assert parse_qsl(body, keep_blank_values=True, strict_parsing=True) == some
    assert form_encode([]) == b""


def test_the_host_field_names_the_port_that_is_not_the_scheme_s() -> None:
    """The Host header holds the port unless it is the scheme's own, and brackets around IPv6.

    Of: lib/pilotlight/net/http_message.py
    For: all ports, with and without TLS, with and without a colon in the host
    By: enumeration; of the host only its colons count
    """
    for port, is_tls in itertools.product(range(65536), (False, True)):
        behind = "" if port == (443 if is_tls else 80) else f":{port}"
        assert host_field("api.frame.io", port, is_tls) == "api.frame.io" + behind
        assert host_field("::1", port, is_tls) == "[::1]" + behind


def _semver() -> Language:
    """semver.org's grammar, version 2.0.0."""
    digit, letter = one_of(DIGITS), one_of(LETTERS + "-")
    number = alt("0", seq(one_of(NOT_ZERO), star(digit)))
    any_letters = seq(star(digit), letter, star(alt(digit, letter)))
    build = plus(alt(digit, letter))
    return seq(
        seq(number, ".", number, ".", number),
        maybe(seq("-", list_of(alt(number, any_letters), "."))),
        maybe(seq("+", list_of(build, "."))),
    )


@pytest.mark.long
def test_a_semantic_version_is_semver_s() -> None:
    """`is_semver` takes exactly the versions of semver.org's grammar.

    Of: lib/pilotlight/settings.py
    Within: all texts of ASCII and four others, up to 256 characters
    By: Wp-method: if `is_semver` tells at most two states more apart than the grammar's smallest
        automaton, no text is judged otherwise; and enumeration up to 7 of the characters `01a-+.`
        against semver.org's own regular expression
    """
    automaton = Automaton(_semver(), [*ASCII, *OTHERS])
    assert difference(automaton, lambda word: is_semver("".join(word)), 2, "01a-+. é") is None
    published = re.compile(
        r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
        r"(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
        r"(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
        r"(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?",
        re.ASCII,
    )
    for text in every("01a-+.", 7):
        assert is_semver(text) == (published.fullmatch(text) is not None), text
    assert is_semver("1.2.3-" + "a" * 250) and not is_semver("1.2.3-" + "a" * 251)


def _host() -> Language:
    """A name of labels, the last of which begins with no number; or four numbers below 256."""
    digit = one_of(DIGITS)
    number = alt(
        digit,
        seq(one_of(NOT_ZERO), digit),
        seq("1", digit, digit),
        seq("2", one_of("01234"), digit),
        seq("25", one_of("012345")),
    )
    inner = one_of(LETTERS + DIGITS + "-_")
    # Underscores count as hyphens, but may be at an end.
    ends = one_of(LETTERS + DIGITS + "_")
    label = alt(ends, seq(ends, star(inner), ends))
    last = alt(
        one_of(LETTERS + "_"),
        seq(one_of(LETTERS + "_"), star(inner), ends),
        seq(star(digit), one_of(LETTERS + "_"), star(inner), ends),
        seq(plus(digit), one_of(LETTERS + "_")),
        seq(plus(digit), one_of("-"), star(inner), ends),
    )
    return alt(seq(number, ".", number, ".", number, ".", number), seq(star(seq(label, ".")), last))


def test_a_host_is_a_name_or_an_ipv4_address() -> None:
    """`is_host` takes exactly the names of RFC 1123 (with underscores) whose last label is no
    number, and the IPv4 addresses of four decimal numbers; never `0x…`, which look-ups take for a
    number.

    Of: lib/pilotlight/settings.py
    Within: all texts of ASCII and four others, of labels up to 63 and in all up to 253 characters
    By: Wp-method: if `is_host` tells no more states apart than the grammar's smallest automaton, no
        text is judged otherwise
    """
    automaton = Automaton(_host(), [*ASCII, *OTHERS])

    def accepts(word: list[str]) -> bool:
        text = "".join(word)
        last = text.lower().rpartition(".")[2]
        if last.startswith("0x"):
            assert not is_host(text)
            return automaton.takes(word)
        return is_host(text)

    assert difference(automaton, accepts) is None
    for length in range(1, 66):
        assert is_host("a" * length) == is_host("b.%s.c" % ("a" * length)) == (length <= 63)
    for length in range(240, 260):
        assert is_host(("a." * 130)[: length - 1] + "b") == (length <= 253)


@pytest.mark.long
def test_an_ipv6_address_is_python_s() -> None:
    """The host in brackets of a URL is taken exactly if Python's `ipaddress` takes it, in lower
    case and without a zone.

    Of: lib/pilotlight/settings.py
    Within: all texts of up to 9 of these parts: `:`, `f`, `00000`, `1.2.3.4`; and of up to 5 of
        them, `1.2.3`, `1.2.3.256`, `01.2.3.4`, `g`, `%1`; and all of up to 18 groups with one gap
        or none
    By: enumeration
    """
    few, more = (":", "f", "00000", "1.2.3.4"), ("1.2.3", "1.2.3.256", "01.2.3.4", "g", "%1")
    for parts, longest in ((few, 9), (few + more, 5)):
        for length in range(longest + 1):
            for chosen in itertools.product(parts, repeat=length):
                text = "".join(chosen)
                assert _takes(f"https://[{text}]") == _is_address(text), text
    for front, back, gap, end in itertools.product(
        range(10), range(10), ("::", ":"), ((), ("1.2.3.4",))
    ):
        text = ":".join(["f"] * front) + gap + ":".join([*["f"] * back, *end])
        assert _takes(f"https://[{text}]") == _is_address(text), text


def _takes(url: str) -> bool:
    try:
        Settings(url, "1.2.3", access_token="a")
    except SettingsError:
        return False
    return True


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return "%" not in text


def test_a_url_is_scheme_host_and_port() -> None:
    """Settings take a URL exactly if it is `https://`, a host, perhaps a port from 1 to 65535, and
    perhaps a slash; plain `http://` only for this machine. No error holds the URL.

    Of: lib/pilotlight/settings.py
    Within: all ports up to 99,999 with leading zeros to five digits; behind `https://` all texts of
        up to 6 of `a1.:/@[`, and around a good host each ASCII character and four others
    By: enumeration
    """
    for port in range(100_000):
        assert _takes(f"https://a:{port:05}") == (0 < port < 65536)
    for text in every("a1.:/@[", 6):
        assert _takes("https://" + text) == _is_url(text), text
    for letter in [*ASCII, *OTHERS]:
        inside = letter.isascii() and (letter.isalnum() or letter in "-_.")
        assert _takes(f"https://a{letter}b") == inside, letter
        for text in (letter, f"a{letter}", f"{letter}a"):
            assert not _takes(f"http://{text}")
    for scheme, host in itertools.product(
        ("http", "HTTP", "https"), ("localhost", "[::1]", "127.0.0.1", "127.0.0.2")
    ):
        assert _takes(f"{scheme}://{host}:8080") == (scheme == "https" or host != "127.0.0.2")


def _is_url(text: str) -> bool:
    """Of texts over `a1.:/@[`."""
    rest = text[:-1] if text.endswith("/") else text
    host, colon, port = rest.partition(":")
    if host.endswith("."):
        host = host[:-1]
    labels = host.split(".")
    is_name = all(re.fullmatch("[a1]+", label) for label in labels) and "a" in labels[-1]
    is_address = len(labels) == 4 and all(label in ("1", "11", "111") for label in labels)
    is_port = re.fullmatch("1{1,5}", port) is not None
    return (is_name or is_address) and (is_port if colon else not port)


def test_a_token_is_visible_ascii() -> None:
    """`is_token` takes exactly 1 to 2048 visible ASCII characters but quotes and backslashes.

    Of: lib/pilotlight/token_text.py
    For: all texts
    By: enumeration of all 1,112,064 characters at the begin, amid and at the end of a text, and of
        all lengths; each byte is judged by itself
    """
    good = {chr(code) for code in range(0x21, 0x7F)} - {'"', "\\"}
    for letter in characters():
        assert is_token(letter) == is_token("a%sb" % letter) == (letter in good)
    for letter in good:
        assert is_token("ab" + letter) and not is_token(" " + letter)
    for length in range(2100):
        assert is_token("a" * length) == (1 <= length <= 2048)
    for value in (None, 1, b"a", True, ["a"]):
        assert not is_token(value)


def test_iso_times_are_python_s() -> None:
    """A time of ISO 8601 is the second that Python's `datetime` says it is.

    Of: lib/pilotlight/iso_time.py
    For: all dates from 1970 to 2199, all seconds of a day, all offsets up to 23:59, each with the
        first, an inner and the last of the others
    By: enumeration; the sum of day, second and offset has no terms of two of them
    """
    utc = datetime.timezone.utc
    first = datetime.date(1970, 1, 1)
    dates = [first + datetime.timedelta(days) for days in range(84_006)]
    assert dates[-1] == datetime.date(2199, 12, 31)
    clocks = [f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}" for s in range(86_400)]
    offsets_s = range(-86_340, 86_400, 60)

    def check(day: int, second: int, offset_s: int) -> None:
        sign, of = "-" if offset_s < 0 else "+", abs(offset_s)
        zone = f"{sign}{of // 3600:02}:{of // 60 % 60:02}"
        text = f"{dates[day].isoformat()}T{clocks[second]}{zone}"
        assert seconds_of(text) == day * 86_400 + second - offset_s, text

    for day in range(len(dates)):
        for second, offset_s in ((0, 0), (45_296, 20_700), (86_399, -43_200)):
            check(day, second, offset_s)
    for second in range(86_400):
        for day, offset_s in ((0, 0), (40_000, -16_200), (84_005, 50_400)):
            check(day, second, offset_s)
    for offset_s in offsets_s:
        for day, second in ((1, 0), (20_000, 3_661), (84_005, 86_399)):
            check(day, second, offset_s)
    leap = datetime.datetime(2028, 2, 29, 12, tzinfo=utc)
    for text in ("2028-02-29T12:00:00Z", "2028-02-29 12:00:00.123456Z", "2028-02-29t12:00:00"):
        assert seconds_of(text) == int(leap.timestamp())


def test_what_is_no_time_is_none() -> None:
    """Whatever stands in place of some characters of a time, the result is None or a number below
    2**33, and never an exception.

    Of: lib/pilotlight/iso_time.py
    Within: a time with an offset, cut at any place, and with any one character, or any two,
        replaced by one of 15
    By: enumeration
    """
    time = "2030-01-31T12:34:56+05:30"
    letters = "0129-+:.TZ _é\0\n"

    def check(text: str) -> None:
        seconds = seconds_of(text)
        assert seconds is None or -(1 << 33) < seconds < 1 << 33, text

    for end in range(len(time) + 1):
        check(time[:end])
    assert seconds_of(None) is None and seconds_of(time[:18]) is None
    for a, b in itertools.combinations_with_replacement(range(len(time)), 2):
        for one, other in itertools.product(letters, repeat=2):
            text = [*time]
            text[a], text[b] = one, other
            check("".join(text))


def test_retry_after_is_bounded() -> None:
    """Whatever Retry-After and x-ratelimit-window hold, the wait is a whole number of ms from 0 to
    999,999,999; seconds are taken as they are, up to six digits.

    Of: lib/pilotlight/net/http_message.py
    Within: all numbers of seconds up to six digits, the largest number of each length up to 599
        digits, and all texts of up to 5 of `09-. GMT,é`
    By: enumeration
    """
    head = ResponseHead(("retry-after", "x-ratelimit-window"))
    for seconds in range(1_000_000):
        head.headers = {"retry-after": str(seconds)}
        assert head.retry_after_ms() == seconds * 1000
    for count in range(1, 600):
        for name, most_ms in (("retry-after", 999_999_000), ("x-ratelimit-window", 999_999_999)):
            head.headers = {name: "9" * count}
            assert head.retry_after_ms() <= most_ms
    for text in every("09-. GMT,é", 5):
        for name in ("retry-after", "x-ratelimit-window"):
            head.headers = {name: text}
            wait_ms = head.retry_after_ms()
            assert 0 <= wait_ms <= 999_999_999
            stripped = text.strip()
            is_date = name == "retry-after" and stripped.endswith("GMT")
            assert bool(wait_ms) == (is_date or (stripped.isdigit() and int(stripped) > 0)), text


@pytest.mark.long
def test_each_character_is_shown_in_the_font_s() -> None:
    """Each character becomes at most three of ASCII's visible ones and the box; a letter with marks
    becomes its bare letter wherever the table knows it, and never another letter; what has no width
    is left out or is a box.

    Of: firmware/screen/transliteration.py
    For: all 1,114,112 code points
    By: enumeration, against Unicode's own decompositions
    """
    allowed = {chr(code) for code in range(32, 127)} | {BOX}
    for code in range(0x110000):
        letter = chr(code)
        shown = readable(letter, 3)
        assert len(shown) <= 3 and allowed.issuperset(shown), hex(code)
        bare = unicodedata.normalize("NFD", letter)[:1]
        if bare.isascii() and bare.isalpha():
            assert shown in (bare, BOX), hex(code)
        if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
            assert shown in ("", BOX), hex(code)
        if 32 <= code < 127:
            assert shown == letter


def test_a_shown_text_fits() -> None:
    """`readable` gives the whole text where it fits, else a begin of it and three dots; never more
    than was asked for.

    Of: firmware/screen/transliteration.py
    Within: all texts of up to 7 characters that are shown as 0, 1, 2 and 3 characters, and widths
        from 3 to 6
    By: enumeration; of a character only what it is shown as counts
    """
    shown = {"\u0301": "", "a": "a", "Æ": "AE", "€": "EUR"}
    for longest in range(3, 7):
        for text in every("".join(shown), 7):
            whole = "".join(shown[letter] for letter in text)
            got = readable(text, longest)
            assert len(got) <= longest
            if got != whole:
                assert len(whole) > longest and got == whole[: longest - 3] + "...", text
            else:
                assert len(whole) <= longest, text
