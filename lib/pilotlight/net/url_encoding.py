"""What goes into a URL or the Host header (RFC 3986, RFC 9110 section 7.2). Pure."""


def host_field(host: str, port: int, is_tls: bool) -> str:
    """The Host header's value: the port is left out if it is the scheme's default.

    host: a name or an address; an IPv6 address without brackets.
    """
    if ":" in host:
        host = "[%s]" % host
    return host if port == (443 if is_tls else 80) else "%s:%d" % (host, port)


def percent_encode(text: str) -> str:
    """The text with all but unreserved characters as %XX, one for each UTF-8 byte."""
    encoded = bytearray()
    for byte in text.encode():
        letter = 0x61 <= byte | 0x20 <= 0x7A and byte < 0x80
        if letter or 0x30 <= byte <= 0x39 or byte in (0x2D, 0x2E, 0x5F, 0x7E):
            encoded.append(byte)
        else:
            encoded.extend(b"%%%02X" % byte)
    return encoded.decode()
