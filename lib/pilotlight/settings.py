"""What an Agent must be told, checked once."""

from micropython import const

_LOOPBACK = const(("127.0.0.1", "localhost", "::1"))
_LONGEST_HOST = const(253)  # RFC 1035: 255 bytes on the wire
_LONGEST_LABEL = const(63)
_LONGEST_TEXT = const(2048)  # as the tokens that Frame.io sends
_LONGEST_SEMVER = const(256)  # as npm's


class SettingsError(ValueError):
    """A setting can't be used. The text names it, says what is allowed, and holds no secret."""


class Settings:
    """Settings of the C2C side of a device.

    url: Frame.io's address, `https://api.frame.io`: scheme, host and perhaps port. The host is a
    name, an IPv4 address, or an IPv6 address in brackets. Plain `http` is accepted only for this
    machine itself.
    client_version: the vendor's semantic version, sent with every call as `x-client-version`.
    trust_roots: DER certificates (a list or tuple of bytes) of the roots to trust.
    `pilotlight.trust_roots.ROOTS` has Frame.io's.
    client_secret: the model's secret, issued by Frame.io: then the user pairs the device.
    client_id: this unit's id, such as its serial number (not a MAC address); None: the device makes
    a UUID once and keeps it.
    access_token: a fixed token in place of a client_secret: no pairing, and nothing renews it.
    client_secret, client_id and access_token are 1 to 2048 characters of visible ASCII.
    tls_sessions: for how many TLS connections at a time there is memory, some 28 kB each. 2 suits
    any chip: the device's socket and one more, so polls wait while a part is uploaded. Set it to 3
    where there is PSRAM, before the Agent is made: then polls go on beside the part. For the stock
    firmware set it on the class, in main.py. See `Agent.upload_slot`.
    host: the host in lower case, without brackets and without a dot at its end.
    Raises SettingsError.
    """

    tls_sessions = 2

    def __init__(
        self,
        url: str,
        client_version: str,
        trust_roots: list[bytes] | tuple[bytes, ...] = (),
        client_secret: str | None = None,
        client_id: str | None = None,
        access_token: str | None = None,
    ) -> None:
        self.scheme, self.host, self.port = _parse_url(url)
        if not is_semver(client_version):
            raise SettingsError("client_version must be a semantic version such as 1.2.3")
        if not isinstance(trust_roots, (list, tuple)):
            raise SettingsError("trust_roots must be a list of DER certificates")
        for name, value in (
            ("client_secret", client_secret),
            ("client_id", client_id),
            ("access_token", access_token),
        ):
            if value is not None and not _is_credential(value):
                raise SettingsError(
                    "%s is empty, is longer than %d characters, or holds a space or a character "
                    "that does not belong there" % (name, _LONGEST_TEXT)
                )
        if (client_secret is None) == (access_token is None):
            raise SettingsError(
                "client_secret (to pair the device) or access_token (a fixed one) must be set, "
                "and not both"
            )
        self.client_version = client_version
        self.trust_roots = trust_roots
        self.client_secret = client_secret
        self.client_id = client_id
        self.access_token = access_token

    @property
    def host_field(self) -> str:
        """The Host header's value."""
        from .net.http_message import host_field  # only now: the Agent has loaded it

        return host_field(self.host, self.port, self.scheme == "https")


def _parse_url(url: str) -> tuple[str, str, int]:
    """(scheme, host, port). The errors never hold the url, because a password may be in it."""
    if not isinstance(url, str):
        raise SettingsError("url must be text")
    scheme, mark, rest = url.partition("://")
    scheme = scheme.lower()
    if not mark or scheme not in ("https", "http"):
        raise SettingsError("url must begin with https://")
    if rest.endswith("/"):
        rest = rest[:-1]
    for byte in rest.encode():
        if byte in b"/?#@\\":
            raise SettingsError(
                "url must be scheme, host and port only, such as https://api.frame.io"
            )
        if byte > 0x7F:
            raise SettingsError("url has letters that are not ASCII: write the host's xn-- form")
    host, colon, port = rest.lower(), "", ""
    if host[:1] == "[":
        host, bracket, port = host[1:].partition("]")
        colon, port = port[:1], port[1:]
        if not bracket or colon not in ("", ":") or not _is_ipv6(host):
            raise SettingsError("url has brackets that are not around an IPv6 address")
    else:
        host, colon, port = host.partition(":")
        if ":" in port:
            raise SettingsError("url has more than one port, or an IPv6 address without brackets")
        if host.endswith("."):
            host = host[:-1]  # an absolute name; certificates are without the dot
        if not is_host(host):
            raise SettingsError("url has no host, or one that is neither a name nor an address")
    if colon and (not _is_digits(port) or len(port) > 5 or not 0 < int(port) < 65536):
        raise SettingsError("url has a port that is no number from 1 to 65535")
    if scheme == "http" and host not in _LOOPBACK:
        raise SettingsError(
            "url must begin with https:// (plain http is for this machine itself only: localhost, "
            "127.0.0.1 or [::1])"
        )
    return scheme, host, int(port) if port else (443 if scheme == "https" else 80)


def is_host(text: str) -> bool:
    """True for a host name (RFC 1123, and underscores) or an IPv4 address of four numbers."""
    labels = text.lower().split(".")
    if _is_digits(labels[-1]) or labels[-1][:2] == "0x":
        # A number. Look-ups know more forms of addresses: 1 is 0.0.0.1.
        return len(labels) == 4 and all(
            [_is_number(label) and len(label) <= 3 and int(label) < 256 for label in labels]
        )
    return len(text) <= _LONGEST_HOST and all(
        [
            _is_identifier(label.replace("_", "-"))
            and len(label) <= _LONGEST_LABEL
            and label.strip("-") == label
            for label in labels
        ]
    )


def _is_ipv6(text: str) -> bool:
    """RFC 4291 section 2.2, without a zone."""
    front, gap, back = text.partition("::")
    groups = (front.split(":") if front else []) + (back.split(":") if back else [])
    count = len(groups)
    if groups and "." in groups[-1] and text.endswith(groups[-1]):
        address = groups.pop()
        if not _is_digits(address.replace(".", "")) or not is_host(address):
            return False
        count += 1  # an IPv4 address takes the place of two groups
    for group in groups:
        if not 1 <= len(group) <= 4 or not all(
            [0x30 <= byte <= 0x39 or 0x61 <= byte <= 0x66 for byte in group.encode()]
        ):
            return False
    return count < 8 if gap else count == 8


def _is_credential(value) -> bool:
    """True for a text that can be a secret, a token or an id: printable ASCII without spaces."""
    # By bytes: on MicroPython each character that is looked at by itself stays in memory.
    return (
        isinstance(value, str)
        and 0 < len(value) <= _LONGEST_TEXT
        and all([0x21 <= byte <= 0x7E for byte in value.encode()])
    )


def is_semver(text: str) -> bool:
    """True for a semantic version (semver.org) of at most 256 characters.

    That is three numbers, perhaps -prerelease and +build.
    """
    if not isinstance(text, str) or len(text) > _LONGEST_SEMVER:
        return False
    version, plus, build = text.partition("+")
    core, minus, prerelease = version.partition("-")
    numbers = core.split(".")
    return (
        len(numbers) == 3
        and all([_is_number(number) for number in numbers])
        and (
            not minus
            or all(
                [
                    _is_identifier(word) and (_is_number(word) or not _is_digits(word))
                    for word in prerelease.split(".")
                ]
            )
        )
        and (not plus or all([_is_identifier(word) for word in build.split(".")]))
    )


def _is_identifier(word: str) -> bool:
    for byte in word.encode():
        letter = 0x61 <= byte | 0x20 <= 0x7A and byte < 0x80
        if not (letter or 0x30 <= byte <= 0x39 or byte == 0x2D):
            return False
    return word != ""


def _is_number(word: str) -> bool:
    return _is_digits(word) and (word == "0" or word[0] != "0")


def _is_digits(word: str) -> bool:
    return word.encode().isdigit()
