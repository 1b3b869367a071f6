"""A fixed IPv4 address in place of DHCP's: its check, and the driver's call. Loaded only for one.

A network has it as {"address": "192.168.1.20/24", "gateway": "192.168.1.1", "dns": "192.168.1.1"}.
"""

from micropython import const

_KEYS = const(("address", "gateway", "dns"))
_LONGEST_PREFIX = const(30)  # a longer one leaves no room for two hosts
_ALL = const(0xFFFFFFFF)


def checked(given: dict, where: str) -> dict:
    """The three keys of a user's network, or {} if it has none of them. dns: default the gateway.

    where: the network's name in the sentence of the ValueError that says what is wrong.
    """
    address, gateway, dns = [given.get(key) for key in _KEYS]
    if address is None:
        for key in _KEYS:
            if given.get(key) is not None:
                raise ValueError("%s.%s needs %s.address, which is missing" % (where, key, where))
        return {}
    host, slash, prefix = address.partition("/") if isinstance(address, str) else ("", "", "")
    number = _number(host)
    if not slash or number is None or not prefix.encode().isdigit():
        raise ValueError(
            "%s.address must be an IPv4 address and a prefix, such as 192.168.1.20/24" % where
        )
    if not 1 <= int(prefix[:3]) <= _LONGEST_PREFIX:
        raise ValueError(
            "%s.address must have a prefix from 1 to %d, such as /24" % (where, _LONGEST_PREFIX)
        )
    hosts = _ALL >> int(prefix)  # the bits that tell the network's hosts apart
    _check_host(number, hosts, where + ".address")
    if gateway is None:
        raise ValueError("%s.gateway is missing; a fixed address needs one" % where)
    way = _parsed(gateway, where + ".gateway")
    if (way | hosts) != (number | hosts):
        raise ValueError("%s.gateway is outside of the network of %s.address" % (where, where))
    _check_host(way, hosts, where + ".gateway")
    if way == number:
        raise ValueError("%s.gateway is the same as %s.address" % (where, where))
    if dns is not None:
        _parsed(dns, where + ".dns")
    return {"address": address, "gateway": gateway, "dns": dns or gateway}


def apply(interface, network: dict) -> bool:
    """Give a network.WLAN or LAN the network's fixed address, or DHCP again; is it fixed?

    On an ESP32 `ifconfig` alone sets the interface's DNS server too, and it stops DHCP;
    `ipconfig(dhcp4=True)` is no error where DHCP runs already (ports/esp32/network_common.c).
    Raises OSError.
    """
    if "address" not in network:
        interface.ipconfig(dhcp4=True)
        return False
    address, _, prefix = network["address"].partition("/")
    mask = _ALL ^ (_ALL >> int(prefix))
    dotted = "%d.%d.%d.%d" % (mask >> 24, mask >> 16 & 255, mask >> 8 & 255, mask & 255)
    interface.ifconfig((address, dotted, network["gateway"], network["dns"]))
    return True


def _check_host(number: int, hosts: int, where: str) -> None:
    if not number & hosts:
        raise ValueError("%s is the network's own address, not one of a host" % where)
    if number & hosts == hosts:
        raise ValueError("%s is the network's broadcast address, not one of a host" % where)


def _parsed(text, where: str) -> int:
    number = _number(text)
    if number is None:
        raise ValueError("%s must be an IPv4 address, such as 192.168.1.1" % where)
    return number


def _number(text) -> int | None:
    """The number of a host's IPv4 address; None for any other text, multicast and loopback."""
    parts = text.encode().split(b".") if isinstance(text, str) else []
    number = 0
    for part in parts:
        # A zero before other digits means octal to some.
        if not part.isdigit() or len(part) > 3 or (part[0] == 0x30 and len(part) > 1):
            return None
        if int(part) > 255:
            return None
        number = number << 8 | int(part)
    first = number >> 24
    return number if len(parts) == 4 and 0 < first < 224 and first != 127 else None
