"""The configuration: one table of the keys, loading, and errors that say what to change."""

import json
import os

from micropython import const

from pilotlight.settings import Settings, SettingsError, is_semver

_LARGEST_BYTES = const(8192)
_NO_ENTRY = const(2)
_SIZE = const(6)  # index into os.stat


class ConfigError(Exception):
    """The configuration can't be used.

    The text is one sentence with file, key, value and what is allowed, and without a secret.
    """


REQUIRED = const("(required)")
_TEXT = const("text that is not empty")
_VERSION = const("a semantic version, such as 1.2.3")
_SWITCH = const("true or false")
_PATHS = const("a path or a list of paths")
_BOARD = const("the name of a file in firmware/boards, such as esp32_devkit")
_PERCENT = const("a whole number from 0 to 100")
_ONE_OF = const("one of: ")
_BOARD_LETTERS = const("abcdefghijklmnopqrstuvwxyz0123456789_")
_NETWORKS = const("an object, or a list of objects, with ssid, password and hidden")
_COUNTRY = const("two capital letters, such as DE")
_HOSTNAME = const("1 to 32 letters, digits and hyphens")
_HOSTS = const("a host name or a list of host names")
_LONGEST_HOSTNAME = const(32)
_LONGEST_SHOWN = const(48)

# key (a dot is one level of nesting), what is allowed, default or REQUIRED, meaning
SCHEMA = (
    ("board", _BOARD, REQUIRED, "which hardware this is"),
    (
        "frameio.url",
        _TEXT,
        "https://api.frame.io",
        "Frame.io's address: scheme, host and perhaps port",
    ),
    ("frameio.ca", _PATHS, None, "DER files of roots to trust instead of the shipped ones"),
    ("frameio.client_version", _VERSION, REQUIRED, "the version of the vendor's product"),
    (
        "frameio.client_secret",
        _TEXT,
        None,
        "the model's secret, issued by Frame.io (default: CLIENT_SECRET of a module model_secret)",
    ),
    (
        "frameio.client_id",
        _TEXT,
        None,
        "this unit's id, such as its serial number (default: a UUID, made once)",
    ),
    (
        "frameio.access_token",
        _TEXT,
        None,
        "instead of client_secret: a fixed access token, and no pairing",
    ),
    ("light", _SWITCH, True, "use the board's light"),
    (
        "screen",
        _ONE_OF + "none, 128x64, 128x32",
        "128x64",
        "which display is fitted, where the board has pins for one",
    ),
    (
        "brightness",
        _PERCENT,
        100,
        "of light and screen, until the button says otherwise; 0 is dark",
    ),
    (
        "wifi",
        _NETWORKS,
        None,
        "known networks: ssid of 1 to 32 bytes, password of 8 to 64 (none: open), "
        "hidden (default false)",
    ),
    ("country", _COUNTRY, None, "where the radio is used (ISO 3166-1)"),
    ("hostname", _HOSTNAME, None, "the device's name in the network"),
    ("ntp", _HOSTS, None, "time servers to ask instead of public ones"),
    (
        "console",
        _SWITCH,
        None,
        "one JSON line a change on stdout (default: true for board host, false for any other)",
    ),
    (
        "reset_when_stuck",
        _SWITCH,
        True,
        "false: no reset, at most hourly, when Frame.io has not answered for 30 min",
    ),
    ("repl", _SWITCH, True, "false: a board's REPL is closed to Ctrl-C (docs/security.md)"),
    ("state_dir", _TEXT, "state", "folder for what the device remembers; made if missing"),
)
# No error names the value of these keys. An unknown key may be one of them, misspelt, so its value
# is not named either.
SECRETS = ("frameio.client_secret", "frameio.access_token", "wifi")


def load(path: str) -> dict:
    """The schema's keys with the values of a configuration file. Raises ConfigError."""
    try:
        # By its size, because a bounded read would allocate its bound in one piece.
        if os.stat(path)[_SIZE] > _LARGEST_BYTES:
            raise ConfigError("%s is longer than %d bytes" % (path, _LARGEST_BYTES))
        with open(path) as file:
            given = json.load(file)
    except OSError as error:
        what = "is missing" if error.errno == _NO_ENTRY else "can't be read"
        raise ConfigError("%s %s: it names the board and how to reach Frame.io" % (path, what))
    except ValueError:
        raise ConfigError("%s is not valid JSON" % path)
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
    try:
        return Settings(
            values["frameio.url"],
            values["frameio.client_version"],
            _trust_roots(values["frameio.ca"], values["frameio.url"], path),
            _client_secret(values),
            values["frameio.client_id"],
            values["frameio.access_token"],
        )
    except SettingsError as error:
        url = values["frameio.url"]
        # A password may be in front of an @ or after a ?.
        given = (
            "; it is %s" % _shown(url)
            if str(error).startswith("url") and "@" not in url and "?" not in url
            else ""
        )
        raise ConfigError("%s: frameio.%s%s" % (path, error, given))


def _client_secret(values: dict) -> str | None:
    """The configured secret, else that of the vendor's module `model_secret`."""
    if values["frameio.client_secret"] is None and values["frameio.access_token"] is None:
        try:
            return __import__("model_secret").CLIENT_SECRET
        except ImportError:
            pass  # Settings says what is missing
    return values["frameio.client_secret"]


def _trust_roots(roots, url: str, path: str):
    if url.startswith("http://"):
        return ()
    if roots is None:
        # Only now: a device with its own roots saves 4 kB.
        from pilotlight.trust_roots import ROOTS

        return ROOTS
    ders = []
    for name in [roots] if isinstance(roots, str) else roots:
        try:
            with open(name, "rb") as file:
                ders.append(file.read())
        except OSError:
            raise ConfigError("%s: frameio.ca: the file %s can't be read" % (path, name))
    return ders


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
    for key, allowed, default, _ in SCHEMA:
        if key not in flat:
            if default == REQUIRED:
                raise ConfigError("%s is missing; it must be %s" % (key, allowed))
            checked[key] = default
        elif not _is_allowed(flat[key], allowed):
            given = "" if key in SECRETS else "is %s; it " % _shown(flat[key])
            raise ConfigError("%s %smust be %s" % (key, given, allowed))
        else:
            checked[key] = _networks(flat[key]) if allowed == _NETWORKS else flat[key]
    return checked


def _networks(given) -> list:
    from .network.known_networks import checked  # only where there is Wi-Fi

    try:
        return checked(given)
    except ValueError as error:
        raise ConfigError(str(error))


def _shown(value) -> str:
    if isinstance(value, dict):
        return "an object"
    text = json.dumps(value)
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "..."


def _is_allowed(value, kind: str) -> bool:
    if kind == _SWITCH:
        return isinstance(value, bool)
    if kind == _NETWORKS:
        return isinstance(value, (dict, list))
    if kind in (_PATHS, _HOSTS) and isinstance(value, list):
        return bool(value) and all([_is_allowed(one, _TEXT) for one in value])
    if kind == _PERCENT:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100
    if not isinstance(value, str) or value == "":
        return False
    if kind == _VERSION:
        return is_semver(value)
    if kind == _BOARD:
        return all([letter in _BOARD_LETTERS for letter in value])
    if kind == _COUNTRY:
        return len(value) == 2 and all(["A" <= letter <= "Z" for letter in value])
    if kind == _HOSTNAME:
        letters = all(
            [
                letter == "-" or "0" <= letter <= "9" or "a" <= letter.lower() <= "z"
                for letter in value
            ]
        )
        return letters and len(value) <= _LONGEST_HOSTNAME and value.strip("-") == value
    return not kind.startswith(_ONE_OF) or value in kind[len(_ONE_OF) :].split(", ")


def _groups() -> list:
    return [row[0].split(".")[0] for row in SCHEMA if "." in row[0]]


def _flatten(values: dict) -> dict:
    groups = _groups()
    flat = {}
    for key, value in values.items():
        if key not in groups:
            flat[str(key)] = value  # MicroPython's json accepts keys that are not text
        elif isinstance(value, dict):
            for inner in value:
                flat["%s.%s" % (key, inner)] = value[inner]
        else:
            raise ConfigError("%s must be an object" % key)
    return flat


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
