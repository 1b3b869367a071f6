"""Checks the known Wi-Fi networks of config.json and `Wifi.set_wifi`. Pure."""

_KEYS = ("ssid", "password", "hidden", "address", "gateway", "dns")
_STATIC = ("address", "gateway", "dns")
_LONGEST_SSID_BYTES = 32  # IEEE 802.11
_SHORTEST_PASSWORD_BYTES = 8  # WPA: a passphrase of 8 to 63, or a key of 64 hexadecimal digits
_KEY_BYTES = 64
_LONGEST_KEY_SHOWN = 48


def checked(given) -> list:
    """A list of {"ssid": str, "password": str or None, "hidden": bool} from a user's input.

    One with a fixed address has the keys of static_address.py, too.
    given: one such object or a list of them. `password` left out or "" is an open network; `hidden`
    left out is False. Raises ValueError with a sentence that names the key and what is allowed; no
    password.
    """
    networks = [given] if isinstance(given, dict) else given
    if not isinstance(networks, (list, tuple)):
        raise ValueError(
            "wifi must be an object, or a list of objects, with ssid, password and hidden"
        )
    return [
        _network(networks[i], "wifi[%d]" % i if isinstance(given, (list, tuple)) else "wifi")
        for i in range(len(networks))
    ]


def _network(given, where: str) -> dict:
    if not isinstance(given, dict):
        raise ValueError("%s must be an object with ssid, password and hidden" % where)
    for key in given:
        if key not in _KEYS:
            raise ValueError(
                "unknown key %s.%s; known ones are ssid, password, hidden, address, gateway and "
                "dns" % (where, str(key)[:_LONGEST_KEY_SHOWN])
            )
    ssid, password, hidden = (
        given.get("ssid"),
        given.get("password"),
        given.get("hidden", False),
    )
    if password == "":
        password = None
    if not isinstance(ssid, str) or not 1 <= len(ssid.encode()) <= _LONGEST_SSID_BYTES:
        raise ValueError("%s.ssid must be text of 1 to %d bytes" % (where, _LONGEST_SSID_BYTES))
    # The driver ends a text at a NUL, and a passphrase has no control characters (IEEE 802.11).
    if _has_control(ssid):
        raise ValueError("%s.ssid holds a control character, which is not allowed" % where)
    if password is not None and not (
        isinstance(password, str)
        and _SHORTEST_PASSWORD_BYTES <= len(password.encode()) <= _KEY_BYTES
    ):
        raise ValueError(
            "%s.password must be text of %d to %d bytes, or left out for an open network"
            % (where, _SHORTEST_PASSWORD_BYTES, _KEY_BYTES)
        )
    if password is not None and _has_control(password):
        raise ValueError("%s.password holds a control character, which is not allowed" % where)
    if password is not None and len(password.encode()) == _KEY_BYTES and not _is_hex(password):
        raise ValueError(
            "%s.password of %d bytes must be a key of hexadecimal digits; a passphrase has at most "
            "%d bytes" % (where, _KEY_BYTES, _KEY_BYTES - 1)
        )
    if not isinstance(hidden, bool):
        raise ValueError("%s.hidden must be true or false" % where)
    network = {"ssid": ssid, "password": password, "hidden": hidden}
    if any([key in given for key in _STATIC]):
        from . import static_address  # only where there is one

        network.update(static_address.checked(given, where))
    return network


def _has_control(text: str) -> bool:
    return any([byte < 0x20 or byte == 0x7F for byte in text.encode()])


def _is_hex(text: str) -> bool:
    return all([0x30 <= byte <= 0x39 or 0x61 <= byte | 0x20 <= 0x66 for byte in text.encode()])
