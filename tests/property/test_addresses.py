"""Settings and addresses: against Python's urllib and the expression that semver.org suggests."""

import ipaddress
import re
from urllib.parse import parse_qs, parse_qsl, quote, urlsplit

from hypothesis import example, given
from hypothesis import strategies as st

from pilotlight.net.http_message import percent_encode
from pilotlight.oauth_api import form_encode
from pilotlight.settings import Settings, SettingsError, is_host, is_semver

SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    r"(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?",
    re.ASCII,
)


@given(st.text())
def test_percent_encoding(text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    assert percent_encode(text) == quote(text, safe="-._~")
    query = urlsplit("/socket?Authorization=Bearer%20x" + percent_encode(text)).query
    assert parse_qs(query) == {"Authorization": ["Bearer x" + text]}


@given(st.dictionaries(st.sampled_from(["client_id", "scope", "token"]), st.text(min_size=1)))
def test_forms(fields: dict[str, str]) -> None:
    fields = {name: value.encode("utf-8", "replace").decode() for name, value in fields.items()}
    assert (
        dict(parse_qsl(form_encode(fields.items()).decode(), strict_parsing=bool(fields))) == fields
    )


@given(st.lists(st.sampled_from(list("0123.-+aZ")), max_size=14).map("".join))
@example("1.2.3-01")
@example("1.2.3-0a.1+001")
@example("1.2.3+a-b")
def test_semantic_versions(text: str) -> None:
    assert is_semver(text) == bool(SEMVER.fullmatch(text)), text


@given(
    st.one_of(
        st.ip_addresses(v=6).map(str),
        st.ip_addresses(v=6).map(lambda address: address.exploded),
        st.text("01f:.", max_size=20),
        st.lists(st.sampled_from(["", "0", "1", "ffff", "f:", ":", "1.2.3.4"]), max_size=9).map(
            ":".join
        ),
    )
)
@example("1:2:3:4:5:6:7::")
@example("::1.2.3.4:1")
@example("::0.f0")
@example("1:2:3:4:5::1.2.3.4")
def test_ipv6_literals(literal: str) -> None:
    try:
        # Python takes a `::` in place of one group or more, as RFC 4291 says.
        ipaddress.IPv6Address(literal)
        valid = "%" not in literal
    except ValueError:
        valid = False
    try:
        settings = Settings(f"https://[{literal}]:8443", "1.2.3", access_token="token")
    except SettingsError:
        assert not valid
        return
    assert valid and settings.host == literal.lower()
    assert settings.host_field == f"[{literal.lower()}]:8443"


@given(st.ip_addresses(v=4).map(str) | st.text("0123456789.", max_size=16))
@example("0.0.0.0")
@example("127.1")
@example("1.2.3.04")
def test_ipv4_addresses(text: str) -> None:
    try:
        ipaddress.IPv4Address(text)
        valid = True
    except ValueError:
        valid = False
    assert is_host(text) == valid


@given(
    st.lists(
        st.sampled_from(
            [
                "https",
                "http",
                "HTTPS",
                "://",
                "a.example",
                "B",
                ".",
                "-",
                "127.0.0.1",
                ":",
                "443",
                "0",
                "@",
                "/",
                "?",
                "#",
                " ",
                "[::1]",
            ]
        )
    )
)
@example(["https", "://", "https", "[::1]"])
@example(["https", "://", "[::1]", "[::1]"])
def test_urls(parts: list[str]) -> None:
    url = "".join(parts)
    try:
        settings = Settings(url, "1.2.3", access_token="token")
    except SettingsError:
        return
    python = urlsplit(url)
    assert settings.scheme == python.scheme
    assert settings.host == (python.hostname or "").rstrip(".")
    assert settings.port == (python.port or {"https": 443, "http": 80}[python.scheme])
    assert settings.scheme == "https" or python.hostname in ("127.0.0.1", "::1")
