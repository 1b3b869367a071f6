"""aiohttp's own log, on stderr: a line for what a client sent wrong, a traceback for a bug."""

import logging

from aiohttp import ClientError, http_exceptions, web

_CLIENTS_FAULT = (
    http_exceptions.HttpProcessingError,
    web.RequestPayloadError,
    ClientError,
    ConnectionError,  # it left in the middle of its request
)


def _shorten(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, _CLIENTS_FAULT):
        words = " ".join(str(error).split())
        record.msg = "refused: " + words.encode("ascii", "backslashreplace").decode()
        record.args = record.exc_info = None
    return True


def install() -> None:
    """Log so from now on."""
    logging.basicConfig(format="mock Frame.io: %(message)s")
    logging.getLogger("aiohttp.server").addFilter(_shorten)
