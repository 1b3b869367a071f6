"""What an Agent must be told, checked once."""

from micropython import const

_LOOPBACK = const(("127.0.0.1", "localhost", "[::1]"))


class SettingsError(ValueError):
    """A setting can't be used. The text names it, says what is allowed, and holds no secret."""


class Settings:
    """Settings of the C2C side of a device.

    url: Frame.io's address, `https://api.frame.io`. Plain `http` is accepted only for this machine
    itself.
    client_version: the vendor's semantic version, sent with every call as `x-client-version`.
    trust_roots: DER certificates (bytes) of the roots to trust. `pilotlight.trust_roots.ROOTS` has
    Frame.io's.
    client_secret: the model's secret, issued by Frame.io: then the user pairs the device.
    client_id: this unit's id, such as its serial number (not a MAC address); None: the device makes
    a UUID once and keeps it.
    access_token: a fixed token in place of a client_secret: no pairing, and nothing renews it.
    Raises SettingsError.
    """

    def __init__(
        self,
        url: str,
        client_version: str,
        trust_roots=(),
        client_secret: str | None = None,
        client_id: str | None = None,
        access_token: str | None = None,
    ) -> None:
        self.scheme, self.host, self.port = _parse_url(url)
        self.host_field = (
            self.host
            if self.port == (443 if self.scheme == "https" else 80)
            else "%s:%d" % (self.host, self.port)
        )
        if not is_semver(client_version):
            raise SettingsError("client_version must be a semantic version such as 1.2.3")
        for name, value in (
            ("client_secret", client_secret),
            ("client_id", client_id),
            ("access_token", access_token),
        ):
            if value is not None and not (value and _is_plain(value)):
                raise SettingsError(
                    "%s is empty, or holds a space or a character that does not belong there" % name
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


def _parse_url(url: str):
    scheme, mark, rest = url.partition("://")
    if not mark or scheme not in ("https", "http"):
        raise SettingsError("url must begin with https://")
    authority, _, path = rest.partition("/")
    if path or "?" in authority or "#" in authority or "@" in authority:
        raise SettingsError("url must be scheme, host and port only, such as https://api.frame.io")
    host, port = authority, ""
    colon = authority.rfind(":")
    if colon > authority.rfind("]"):
        host, port = authority[:colon], authority[colon + 1 :]
        if not port.encode().isdigit() or not 0 < int(port) < 65536:
            raise SettingsError("url has a port that is no number from 1 to 65535")
    if not host:
        raise SettingsError("url has no host")
    bare = host[1:-1] if host[0] == "[" and host[-1] == "]" else host
    if not bare or "[" in bare or "]" in bare:
        raise SettingsError("url has a host with brackets that are not around an IPv6 address")
    if not _is_plain(host):
        raise SettingsError("url has a host with characters that no host name has")
    if scheme == "http" and host not in _LOOPBACK:
        raise SettingsError(
            "url must begin with https:// (plain http is for this machine itself only)"
        )
    return scheme, host, int(port) if port else (443 if scheme == "https" else 80)


def is_semver(text: str) -> bool:
    """True for a semantic version (semver.org): three numbers, perhaps -prerelease and +build."""
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


def _is_plain(text: str) -> bool:
    """Printable ASCII without spaces."""
    # By bytes: on MicroPython each character that is looked at by itself stays in memory.
    return all([0x21 <= byte <= 0x7E for byte in text.encode()])
