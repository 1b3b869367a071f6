"""The configuration: one table of the keys, loading, and errors that say what to change."""

import json
import sys

from micropython import const

from pilotlight.settings import Settings, SettingsError, is_host, is_semver

from . import strict_json

_NO_ENTRY = const(2)
_IS_FOLDER = const(21)
_LARGEST_ROOT_BYTES = const(4096)  # the largest of certifi's has 2007
_LARGEST_ROOTS_BYTES = const(16384)
_SOCKETS_WITH_IPV6 = ("linux", "darwin")


class ConfigError(Exception):
    """The configuration can't be used.

    The text is one sentence in one line with file, key, value and what is allowed, and without a
    secret.
    """

    def __init__(self, text: str) -> None:
        super().__init__(_printable(text))


REQUIRED = const("(required)")
_TEXT = const("text that is not empty")
_VERSION = const("a semantic version, such as 1.2.3")
_SWITCH = const("true or false")
_PATHS = const("a path or a list of paths")
_BOARD = const("the name of a file in firmware/boards, such as esp32_devkit")
_PERCENT = const("a whole number from 0 to 100")
_ONE_OF = const("one of: ")
# As bytes: MicroPython keeps each single character of a text that is looked at for ever.
_BOARD_LETTERS = const(b"abcdefghijklmnopqrstuvwxyz0123456789_")
_CAPITALS = const(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_HOSTNAME_LETTERS = const(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-")
_NETWORKS = const("an object, or a list of objects, with ssid, password and hidden")
_COUNTRY = const("two capital letters, such as DE")
_HOSTNAME = const("1 to 32 letters, digits and hyphens")
_HOSTS = const("a host name or a list of host names")
_PASSPHRASE = const("8 to 63 characters of ASCII")
_LONGEST_HOSTNAME = const(32)
_LONGEST_SHOWN = const(48)

# key (a dot is one level of nesting), what is allowed, default or REQUIRED. What they mean is in
# tools/generate/config_doc.py.
SCHEMA = (
    ("board", _BOARD, REQUIRED),
    ("frameio.url", _TEXT, "https://api.frame.io"),
    ("frameio.ca", _PATHS, None),
    ("frameio.client_version", _VERSION, REQUIRED),
    ("frameio.client_secret", _TEXT, None),
    ("frameio.client_id", _TEXT, None),
    ("frameio.access_token", _TEXT, None),
    ("light", _SWITCH, True),
    ("screen", _ONE_OF + "none, 128x64, 128x32", "128x64"),
    ("brightness", _PERCENT, 100),
    ("wifi", _NETWORKS, None),
    ("ethernet.address", _TEXT, None),
    ("ethernet.gateway", _TEXT, None),
    ("ethernet.dns", _TEXT, None),
    ("country", _COUNTRY, None),
    ("hostname", _HOSTNAME, None),
    ("ntp", _HOSTS, None),
    ("console", _SWITCH, None),
    ("reset_when_stuck", _SWITCH, True),
    ("repl", _SWITCH, True),
    ("setup_password", _PASSPHRASE, None),
    ("state_dir", _TEXT, "state"),
)
# No error names the value of these keys. An unknown key may be one of them, misspelt, so its value
# is not named either.
SECRETS = ("frameio.client_secret", "frameio.access_token", "wifi", "setup_password")


def load(path: str) -> dict:
    """The schema's keys with the values of a configuration file. Raises ConfigError."""
    try:
        given = strict_json.load(path)
    except OSError as error:
        what = "is missing" if error.errno == _NO_ENTRY else "can't be read"
        if error.errno == _IS_FOLDER:
            what = "is a folder"
        raise ConfigError("%s %s: it names the board and how to reach Frame.io" % (path, what))
    except strict_json.JsonError as error:
        raise ConfigError("%s %s" % (path, error))
    if not isinstance(given, dict):
        raise ConfigError("%s must hold one JSON object" % path)
    try:
        return check(given)
    except ConfigError as error:
        raise ConfigError("%s: %s" % (path, error))


def settings(values: dict, path: str) -> Settings:
    """The Agent's Settings from the values of `load`. Raises ConfigError.

    path: the configuration file's, for the errors.
    """
    url = values["frameio.url"]
    secret = values["frameio.client_secret"]
    if secret is None and values["frameio.access_token"] is None:
        secret = _vendor_secret()
    try:
        made = Settings(
            url,
            values["frameio.client_version"],
            (),
            secret,
            values["frameio.client_id"],
            values["frameio.access_token"],
        )
        if made.scheme == "https":
            made.trust_roots = _trust_roots(values["frameio.ca"], path)
    except SettingsError as error:
        key = str(error)
        if key.startswith("client_secret is") and values["frameio.client_secret"] is None:
            raise ConfigError("CLIENT_SECRET of the module model_secret%s" % key[13:])
        given = "; it is %s" % _shown(url) if key.startswith("url") and _may_be_shown(url) else ""
        raise ConfigError("%s: frameio.%s%s" % (path, key, given))
    if ":" in made.host and sys.platform not in _SOCKETS_WITH_IPV6:
        raise ConfigError(
            "%s: frameio.url has an IPv6 address, which MicroPython can't reach from this board"
            % path
        )
    return made


def _vendor_secret() -> str | None:
    """CLIENT_SECRET of the vendor's module `model_secret`, or None if there is no such module.

    The error tells nothing of an exception but its name: the text may hold the secret.
    """
    try:
        secret = getattr(__import__("model_secret"), "CLIENT_SECRET", None)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too
        if isinstance(error, ImportError) and "'model_secret'" in str(error):
            return None  # Settings says what is missing
        raise ConfigError("the module model_secret can't be imported: %s" % type(error).__name__)
    if secret is None:
        raise ConfigError("the module model_secret has no CLIENT_SECRET")
    if not isinstance(secret, str):
        raise ConfigError("CLIENT_SECRET of the module model_secret must be text (str)")
    return secret


def _may_be_shown(url: str) -> bool:
    """False if a user's password or a token may follow the host."""
    host = url[url.find("://") + 3 :] if "://" in url else url
    return not any([mark in host for mark in ("/", "?", "#", "@", ":", ";", "&", "=")])


def _trust_roots(roots, path: str):
    if roots is None:
        from .stored_roots import StoredRoots

        return StoredRoots()
    ders: list = []
    for name in [roots] if isinstance(roots, str) else roots:
        try:
            with open(name, "rb") as file:
                # One byte more than is allowed: it shows that the file is longer.
                der = file.read(_LARGEST_ROOT_BYTES + 1)
        except OSError as error:
            wrong = "is a folder" if error.errno == _IS_FOLDER else "can't be read"
        except MemoryError:
            wrong = "is too large for the memory"
        else:
            wrong = _wrong_with_root(der)
            ders.append(der)
            if not wrong and sum([len(der) for der in ders]) > _LARGEST_ROOTS_BYTES:
                wrong = "makes it more than %d bytes of roots" % _LARGEST_ROOTS_BYTES
        if wrong:
            raise ConfigError("%s: frameio.ca: the file %s %s" % (path, _shown(name), wrong))
    return ders


def _wrong_with_root(der: bytes) -> str:
    """Why this can't be one certificate in DER; "" if it may be one."""
    if not der:
        return "is empty"
    if b"-----BEGIN" in der:
        return "is PEM; it must be DER (openssl x509 -outform der)"
    if len(der) > _LARGEST_ROOT_BYTES:
        return "is longer than %d bytes" % _LARGEST_ROOT_BYTES
    # A sequence: its tag, the number of the bytes of its length, that length (X.690, 8.1.3.5).
    begin = 2 + (der[1] & 0x7F) if len(der) > 1 else 0
    if der[0] != 0x30 or len(der) - begin != int.from_bytes(der[2:begin], "big"):
        return "is not a usable DER certificate, or has more than one"
    return ""


def check(values: dict) -> dict:
    """The schema's keys with the given values or their defaults. Raises ConfigError."""
    flat = _flatten(values)
    known = [row[0] for row in SCHEMA]
    for key in flat:
        if key not in known:
            shown = key[:_LONGEST_SHOWN]
            raise ConfigError(
                "unknown key %s; the nearest known one is %s"
                % (shown, nearest(key, known + _groups()))
            )
    checked: dict = {}
    for key, allowed, default in SCHEMA:
        if key not in flat:
            if default == REQUIRED:
                raise ConfigError("%s is missing; it must be %s" % (key, allowed))
            checked[key] = default
        elif _has_control(flat[key]):
            raise ConfigError("%s holds a control character, which is not allowed" % key)
        elif not _is_allowed(flat[key], allowed):
            given = "" if key in SECRETS else "is %s; it " % _shown(flat[key])
            raise ConfigError("%s %smust be %s" % (key, given, allowed))
        else:
            checked[key] = _networks(flat[key]) if allowed == _NETWORKS else flat[key]
    if any([key.startswith("ethernet") for key in flat]):
        _check_ethernet(checked)
    return checked


def _networks(given) -> list:
    from .network.known_networks import checked  # only where there is Wi-Fi

    try:
        return checked(given)
    except ValueError as error:
        raise ConfigError(str(error))


def _check_ethernet(values: dict) -> None:
    from .network import static_address  # only where there is one

    given = {key[9:]: values[key] for key in values if key.startswith("ethernet.")}
    try:
        values["ethernet.dns"] = static_address.checked(given, "ethernet").get("dns")
    except ValueError as error:
        raise ConfigError(str(error))


def _shown(value) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list) and any([isinstance(one, (dict, list)) for one in value]):
        return "a list of objects or lists"
    text = json.dumps(value)
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "..."


def _printable(text: str) -> str:
    """The text in one line: only characters of the scripts of Europe are shown as they are.

    The others may be control characters or turn the direction of the text.
    """
    shown = []
    for character in text:
        code = ord(character)
        if 0x20 <= code <= 0x7E or 0xA1 <= code < 0x530:
            shown.append(character)
        else:
            shown.append("\\u%04x" % code)
    return "".join(shown)


def _is_allowed(value, kind: str) -> bool:
    if kind == _SWITCH:
        return isinstance(value, bool)
    if kind == _NETWORKS:
        return isinstance(value, (dict, list))
    if kind in (_PATHS, _HOSTS) and isinstance(value, list):
        return bool(value) and all(
            [isinstance(one, str) and _is_allowed(one, kind) for one in value]
        )
    if kind == _PERCENT:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100
    if not isinstance(value, str) or value == "":
        return False
    if kind == _VERSION:
        return is_semver(value)
    if kind == _HOSTS:
        return is_host(value)
    if kind == _BOARD:
        # MicroPython can't import longer names than 255 bytes, package included.
        return len(value) <= _LONGEST_SHOWN and _is_of(value, _BOARD_LETTERS)
    if kind == _COUNTRY:
        return len(value) == 2 and _is_of(value, _CAPITALS)
    if kind == _PASSPHRASE:  # WPA2's; control characters are refused before
        return 8 <= len(value) <= 63 and all([byte < 0x80 for byte in value.encode()])
    if kind == _HOSTNAME:
        is_short = len(value) <= _LONGEST_HOSTNAME
        return is_short and _is_of(value, _HOSTNAME_LETTERS) and value.strip("-") == value
    return not kind.startswith(_ONE_OF) or value in kind[len(_ONE_OF) :].split(", ")


def _is_of(value: str, letters: bytes) -> bool:
    return all([byte in letters for byte in value.encode()])


def _has_control(value) -> bool:
    if isinstance(value, list):
        return any([isinstance(one, str) and _has_control(one) for one in value])
    return isinstance(value, str) and any([byte < 0x20 or byte == 0x7F for byte in value.encode()])


def _groups() -> list:
    return [row[0].split(".")[0] for row in SCHEMA if "." in row[0]]


def _flatten(values: dict) -> dict:
    groups = _groups()
    flat: dict = {}
    for key, value in values.items():
        if key not in groups:
            _add(flat, str(key), value)  # CPython and `check` accept keys that are not text
        elif isinstance(value, dict):
            for inner in value:
                _add(flat, "%s.%s" % (key, inner), value[inner])
        else:
            raise ConfigError("%s must be an object" % key)
    return flat


def _add(flat: dict, key: str, value) -> None:
    if key in flat:
        raise ConfigError("%s is there twice, with a dot and as an object" % key[:_LONGEST_SHOWN])
    flat[key] = value


def nearest(key: str, keys) -> str:
    """The key with the smallest Levenshtein distance."""
    best, fewest = keys[0], 1 << 20
    for candidate in keys:
        row = list(range(len(candidate) + 1))
        for i, letter in enumerate(key[:64]):
            diagonal = row[0]
            row[0] = i + 1
            for j in range(len(candidate)):
                above = row[j + 1]
                row[j + 1] = min(above + 1, row[j] + 1, diagonal + (letter != candidate[j]))
                diagonal = above
        if row[-1] < fewest:
            best, fewest = candidate, row[-1]
    return best
