"""What may be a token: loaded when tokens are read from the storage, or asked for."""

TOKEN_BYTES = 2048  # the bound of a token


def is_token(value, longest: int = TOKEN_BYTES) -> bool:
    """True if it can be a token, a code or a URI.

    That is 1 to `longest` characters of visible ASCII, without quotes and backslashes.
    """
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        return False
    # No list: one of 2048 results would take 8 kB.
    return all(0x21 <= byte <= 0x7E and byte not in (0x22, 0x5C) for byte in value.encode())
