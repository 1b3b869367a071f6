"""Writes docs/config.md from the schema in firmware/config.py.

The firmware's own code checks the examples and gives the errors.
"""

import json
import sys
from pathlib import Path
from typing import Any

from tools.generate.files import main
from tools.on_cpython import ROOT, device_module

_CONFIG = device_module("firmware.config")
TARGET = ROOT / "docs/config.md"
# key → what it means
MEANINGS = {
    "board": "which hardware this is",
    "frameio.url": "Frame.io's address: scheme, host and perhaps port",
    "frameio.ca": "DER files of roots to trust instead of the shipped ones",
    "frameio.client_version": "the version of the vendor's product",
    "frameio.client_secret": "the model's secret, issued by Frame.io (default: "
    "CLIENT_SECRET of a module model_secret)",
    "frameio.client_id": "this unit's id, such as its serial number (default: a UUID, made once)",
    "frameio.access_token": "instead of client_secret: a fixed access token, and no pairing",
    "light": "use the board's light",
    "screen": "which display is fitted, where the board has pins for one",
    "brightness": "of light and screen, until the button says otherwise; 0 is dark",
    "wifi": "known networks: ssid of 1 to 32 bytes, password of 8 to 63 "
    "bytes or 64 hexadecimal digits (none: open), hidden (default false); perhaps a fixed address as of `ethernet`",
    "ethernet.address": "a fixed IPv4 address with its prefix, such as 192.168.1.20/24, "
    "in place of DHCP's",
    "ethernet.gateway": "with a fixed address: where everything else is reached",
    "ethernet.dns": "with a fixed address: the name server (default: the gateway)",
    "country": "where the radio is used (ISO 3166-1)",
    "hostname": "the device's name in the network",
    "ntp": "time servers to ask instead of public ones",
    "console": "one JSON line a change on stdout (default: true for board "
    "host, false for any other)",
    "reset_when_stuck": "false: no reset, at most hourly, when Frame.io has not "
    "answered for 30 min",
    "repl": "false: a board's REPL is closed to Ctrl-C (docs/security.md)",
    "setup_password": "of the Wi-Fi that setup mode opens, as printed on a device without a display "
    "(default: another one each time, on the display)",
    "state_dir": "folder for what the device remembers; made if missing",
}

ON_A_BOARD: dict[str, Any] = {
    "board": "esp32_devkit",
    "frameio": {"client_version": "1.2.3", "client_secret": "…", "client_id": "CAM-000123"},
    "wifi": [{"ssid": "Stage 5", "password": "…………"}, {"ssid": "Unit hotspot", "password": "…………"}],
    "country": "DE",
    "screen": "128x32",
    "brightness": 60,
}
ON_A_COMPUTER: dict[str, Any] = {
    "board": "host",
    "frameio": {"url": "http://127.0.0.1:8080", "client_version": "1.2.3", "access_token": "…"},
    "state_dir": "/tmp/pilotlight",
}
# What is wrong, and what it is put into.
NO_JSON = b'{\n  "board": "host"\n  "light": true\n}'
WRONG: tuple[dict[str, Any], ...] = (
    {"brightness": 150},
    {"consol": True},
    {"frameio": {"client_version": "v1.2", "client_secret": "…"}},
    {"frameio": {"client_version": "1.2.3", "client_secret": 7}},
    {"wifi": {"ssid": "Stage 5", "password": "short"}},
    {"wifi": {"ssid": "Stage 5", "address": "192.168.1.20/24", "gateway": "192.168.2.1"}},
    {"ethernet": {"address": "192.168.1.255/24", "gateway": "192.168.1.1"}},
)

_PAGE = """\
# The configuration

<!-- Generated from firmware/config.py by make docs: do not edit. -->

One JSON object in the file `config.json` beside `main.py` (on a computer: in the working directory,
or the file that `PILOTLIGHT_CONFIG` names), of at most {largest} bytes. A dot in a key is one level
of nesting. What is left out has its default.

| key | what is allowed | default | meaning |
| --- | --- | --- | --- |
{rows}

Keys with 🔑 may hold a secret. It lies in the file in clear ([security.md](security.md) says what
can be done), and is never printed, logged, shown or told in an error. There must be
`frameio.client_secret` or `frameio.access_token`, and not both.

- **The file** is strict JSON in UTF-8, without a byte order mark, comments, or a key that is there
  twice; an error names its line. Texts hold no control characters.
- **`frameio.url`**: the host is a name, an IPv4 address, or an IPv6 address in brackets (not from a
  board: its MicroPython reaches IPv4 addresses only). Nothing may follow but a port and one `/`.
  Letters that are not ASCII are written in the name's `xn--` form. Plain `http` is for `localhost`,
  `127.0.0.1` and `[::1]` only.
- **`frameio.ca`**: one certificate a file, in DER, of at most {root} bytes; {roots} bytes in all.
- **A fixed address** is three keys of one network of `wifi`, or of `ethernet`: `address` (a host's
  IPv4 address, and a prefix of 1 to 30), `gateway` (another host of that network) and `dns` (any
  IPv4 address; default: the gateway). Another network without these keys gets its address by DHCP
  again.
- **Secrets, token and id** are 1 to 2048 characters of visible ASCII without spaces.

A board with Wi-Fi, whose user pairs it:

```json
{board}
```

This computer, with a fixed token, against the mock (`python -m tools.mock_frameio`):

```json
{computer}
```

## The console

On a computer, and with `"console": true` on a board, each change is one JSON line on stdout;
everything else goes to stderr. Lines that are not read are lost, and stop nothing.

```json
{{"t_ms": 152, "state": "online", "reason": null, "connected": true, "paused": false, "light": {{"pattern": "solid", "rgb": [0, 255, 0]}}, "project": "Testbed", "creator": "Ada Lovelace", "expires_at": null, "user_code": null}}
```

`connected` is whether Frame.io answers, proven in the last 29 s: Wi-Fi alone proves nothing.
`paused` is what was last known, `null` before that or after 3 min without a confirmation; while it
is `null` the state is never `online`. `reason` is a word for why the state is not better
([troubleshooting.md](troubleshooting.md) has all). A vendor's own code adds `application`,
its line, and `badge` ([api.md](api.md)).

## Errors

The first thing that is wrong is reported in one sentence: which key, its value, what is allowed. A
board says it on its console, and shows the `fault` light until it is switched off; on a computer it
goes to stderr, and the exit code is 2.

```
{errors}
```
"""


def example(values: dict[str, Any]) -> str:
    """A configuration as JSON, a line a key."""
    lines = (
        f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}"
        for key, value in values.items()
    )
    return "{\n" + ",\n".join(lines) + "\n}"


def error(wrong: dict[str, Any]) -> str:
    """The firmware's sentence about a configuration with this in it.

    Raises ValueError if it has none.
    """
    try:
        _CONFIG.check({**ON_A_BOARD, **wrong})
    except _CONFIG.ConfigError as sentence:
        return f"config.json: {sentence}"
    raise ValueError(f"nothing is wrong with {wrong}")


def no_json() -> str:
    """The firmware's sentence about a file that is not JSON."""
    try:
        _CONFIG.strict_json.loads(NO_JSON)
    except _CONFIG.strict_json.JsonError as sentence:
        return f"config.json {sentence}"
    raise ValueError("that is JSON")


def page() -> str:
    """The document."""
    for values in (ON_A_BOARD, ON_A_COMPUTER):
        _CONFIG.check(values)
    return _PAGE.format(
        largest=_CONFIG.strict_json.LARGEST_BYTES,
        root=_CONFIG._LARGEST_ROOT_BYTES,
        roots=_CONFIG._LARGEST_ROOTS_BYTES,
        rows="\n".join(
            _row(key, allowed, default, MEANINGS[key]) for key, allowed, default in _CONFIG.SCHEMA
        ),
        board=example(ON_A_BOARD),
        computer=example(ON_A_COMPUTER),
        errors="\n".join([no_json(), *(error(wrong) for wrong in WRONG)]),
    )


def _row(key: str, allowed: str, default: object, meaning: str) -> str:
    mark = " 🔑" if key in _CONFIG.SECRETS else ""
    shown = {None: "", _CONFIG.REQUIRED: "(required)"}.get(default, f"`{json.dumps(default)}`")
    return f"| `{key}`{mark} | {allowed} | {shown} | {meaning} |"


def files() -> dict[Path, str | None]:
    """Path → text of what is generated here."""
    return {TARGET: page()}


if __name__ == "__main__":
    sys.exit(main(files(), __doc__))
