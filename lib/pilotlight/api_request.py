"""A request of the application's to Frame.io: JSON out, JSON back. Loaded with the first one."""

import asyncio
import json
import time

from micropython import const

from .frameio_api import ERROR_FIELDS, ApiError, Unauthorized, checked
from .net.errors import NetError, Unreachable, too_large
from .net.json_pick import ARRAY, MISSING, JsonError, JsonPick

_MALFORMED = const("its JSON is malformed")
_SPACES = const(b" \t\r\n")
_BEGINS = const(b'{["-0123456789tfn')  # of a JSON text
_TOLD_FIELDS = const(("title", "detail", "message", "error", "error_description"))
_TOLD_CHARACTERS = const(120)
_WORD_CHARACTERS = const(32)  # longer words may be tokens or addresses

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from .core import Core
    from .credentials import Credentials
    from .frameio_api import FrameioApi
    from .requests import Requests


class WholeText(JsonPick):
    """In place of a JsonPick, for HttpClient: it picks nothing, and keeps the whole text.

    size_bytes: the longest text. is_long: the text was longer, and not kept.
    """

    def __init__(self, size_bytes: int) -> None:
        self._text = bytearray(size_bytes)
        self._length = 0
        self.is_long = False

    def begin(self, names) -> None:
        """Begin a new text. Without names it keeps the last one."""
        self.fields = dict.fromkeys(names, MISSING)
        if names:
            self._length = 0
            self.has_begun = self.is_long = False

    def feed(self, data, start: int, end: int) -> None:
        """Take data[start:end]. Raises JsonError if no JSON begins so, or if it gets too long."""
        if not self._length:
            while start < end and data[start] in _SPACES:
                start += 1
            if start == end:
                return
            if data[start] not in _BEGINS:
                raise JsonError(_MALFORMED)
            self.has_begun = True
        length = self._length
        self._length = stop = length + end - start
        if stop > len(self._text):
            self.is_long = True
            raise JsonError(_MALFORMED)
        self._text[length:stop] = memoryview(data)[start:end]

    def finish(self) -> None:
        """The text has ended. Raises JsonError if it is empty."""
        if not self._length:
            raise JsonError(_MALFORMED)

    def value(self):
        """What the text means. Raises JsonError."""
        try:
            text = memoryview(self._text)[: self._length]
            return json.loads(text)  # type: ignore[type-var]  # MicroPython reads it in place
        except (ValueError, TypeError):
            raise JsonError(_MALFORMED)


class ApiRequest:
    """One request. `Agent.request` says what it does."""

    def __init__(
        self, core: Core, requests: Requests, credentials: Credentials, api: FrameioApi
    ) -> None:
        self._core = core
        self._requests = requests
        self._credentials = credentials
        self._api = api
        self._patience_ms = core.times.patience_ms

    async def send(self, method: str, path: str, value, answer_bytes: int):
        """Send it, and once more after a 401. See `Agent.request`."""
        if path[:1] != "/":
            raise ValueError("the path does not begin with /")
        self._call = method, path, b"" if value is None else json.dumps(value).encode()
        self._answer_bytes = answer_bytes
        credentials = self._credentials
        token = await credentials.access_token()
        try:
            return await self._ask(token)
        except Unauthorized:
            token = await credentials.access_token(token, self._core.times.next_token_ms)
        return await self._ask(token)

    async def _ask(self, token: str):
        """Ask, and wait as long as Frame.io asks for, within the patience."""
        schedule = self._requests.schedule
        error = None
        while True:
            self._check_ready()
            left_ms = schedule.limited_ms(time.ticks_ms())
            if left_ms > self._patience_ms:
                error = error or ApiError("rate_limited", "Frame.io asks to wait")
                error.wait_ms = left_ms
                raise error
            if left_ms:
                self._patience_ms -= left_ms
                await asyncio.sleep_ms(left_ms)
                continue
            try:
                return await self._requests.ask(self._answer(token))
            except ApiError as refusal:
                error = refusal
                if not schedule.limited_ms(time.ticks_ms()):
                    raise

    def _check_ready(self) -> None:
        """Raise what is missing for a request: without a network a look-up blocks everything."""
        if not self._core.status.network_up:
            raise Unreachable("no_route", "there is no network")
        if self._core.clock.now_s() is None:
            raise NetError("clock", "the time is not known")

    async def _answer(self, token: str):
        """One try. The answer's JSON; raises ApiError or NetError."""
        method, path, body = self._call
        headers = self._api.headers(token)
        if body:
            headers += (("Content-Type", "application/json"),)
        text = WholeText(self._answer_bytes)
        response = await self._api.http.request(method, path, headers, ERROR_FIELDS, body, text)
        if response.status == 204:
            return None
        value, fields = None, response.fields
        if text.is_long and 200 <= response.status < 300:
            raise too_large("an answer of more than %d bytes" % self._answer_bytes)
        if fields is not None:
            try:
                value = text.value()
            except JsonError:
                response.fields, response.flaw = None, _MALFORMED
        if isinstance(value, dict) and fields is not None:
            fields["error"] = value.get("error")
            if isinstance(value.get("errors"), list):
                fields["errors"] = ARRAY
        try:
            checked(response)
        except ApiError as error:
            error.says = _told(value, token)
            raise
        return value


def _told(value, token: str) -> str:
    """Frame.io's own words in the body of an error, or "": words that can't be a secret."""
    if not isinstance(value, dict):
        return ""
    errors = value.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        value = errors[0]
    texts = []
    for name in _TOLD_FIELDS:
        text = value.get(name)
        if isinstance(text, str):
            words = [word for word in text.split() if _is_harmless(word, token)]
            texts.append(" ".join(words))
    return ": ".join(texts)[:_TOLD_CHARACTERS]


def _is_harmless(word: str, token: str) -> bool:
    data = word.encode()
    return (
        len(data) <= _WORD_CHARACTERS
        and min(data) >= 0x21
        and max(data) <= 0x7E
        and token not in word
        and "://" not in word
    )
