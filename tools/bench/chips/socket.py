"""A network without names. The program ends at its first look-up, just before the first connect."""

SOCK_STREAM = 1


def getaddrinfo(*_):
    raise SystemExit(0)
