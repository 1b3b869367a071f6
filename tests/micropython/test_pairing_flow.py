"""Pairing in virtual time, over token endpoints whose answers a test gives.

Intervals, expiry, renewal, cancelling at every step.
"""

import asyncio

from tools.virtual_board import virtual_time

virtual_time.install()

from pilotlight.core import Core
from pilotlight.credentials import NotAuthorized
from pilotlight.frameio_api import ApiError, BadRequest, Unauthorized
from pilotlight.net.errors import Unreachable
from pilotlight.oauth_api import DeviceCode, TokenPair
from pilotlight.pairing import Pairing
from pilotlight.requests import Slot
from pilotlight.times import Times
from tools.virtual_board.virtual_time import Clock

TAKES_MS = 100
PENDING = "authorization_pending"


def device_code(number, interval=5, expires_in=120, uri="https://x/pair", uri_complete=None):
    """The answer to a request for a code."""
    fields = {"device_code": "device-%d" % number, "user_code": "%06d" % number}
    fields.update({"interval": interval, "expires_in": expires_in})
    fields.update({"verification_uri": uri, "verification_uri_complete": uri_complete})
    return DeviceCode(fields)


def pair():
    """The answer to a poll after the code was typed in."""
    return TokenPair({"access_token": "access", "refresh_token": "refresh", "expires_in": 28800})


class Endpoint:
    """Stands in for OauthApi.

    words: what the next polls get: a word, an exception or a pair. After them each gets PENDING.
    """

    def __init__(self, words=(), interval=5, expires_in=120):
        self.words = list(words)
        self.interval = interval
        self.expires_in = expires_in
        self.code_failures = []
        self.codes = 0
        self.polls = []  # (virtual ms, device code)
        self.revoked = []

    async def device_code(self):
        await asyncio.sleep_ms(TAKES_MS)
        if self.code_failures:
            raise self.code_failures.pop(0)
        self.codes += 1
        return device_code(self.codes, self.interval, self.expires_in)

    async def token(self, code):
        self.polls.append((Clock.now_ms, code))
        await asyncio.sleep_ms(TAKES_MS)
        word = self.words.pop(0) if self.words else PENDING
        if isinstance(word, str):
            raise BadRequest(word)
        if isinstance(word, Exception):
            raise word
        return word

    async def revoke(self, token):
        await asyncio.sleep_ms(TAKES_MS)
        self.revoked.append(token)


class Tokens:
    """Stands in for what keeps the tokens. adopted: (access token, key) of each pair."""

    def __init__(self, api):
        self.api = api
        self.flight = Slot()
        self.adopted = []

    def keep_room(self):
        return True

    def oauth_api(self):
        return self.api

    def let_go(self):
        pass

    def adopt(self, pair, key):
        self.adopted.append((pair.access_token, key))

    async def revoke(self, refresh_token):
        await self.api.revoke(refresh_token)


class Device:
    """A pairing and what it shows. Only this class knows how a Pairing is made.

    shown: (virtual ms, user code or None) of each change. up: a request can be made.
    """

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.tokens = Tokens(endpoint)
        self.shown = []
        self.up = True
        self.begun_ms = Clock.now_ms
        core = Core(None, None, None, Times())
        core.status = self
        self.slot = Slot()
        self._pairing = Pairing(core, self, self.tokens)

    # In place of Requests and DeviceStatus

    async def ask(self, request):
        return await request

    ask_now = ask

    def ready(self):
        return self.up

    @property
    def network_up(self):
        return self.up

    def update(self, user_code, verification_uri, verification_uri_complete):
        self.shown.append((Clock.now_ms - self.begun_ms, user_code))

    # What the user does and sees

    def cancel(self):
        """The user cancels."""
        self._pairing.cancel()

    @property
    def cancelled(self):
        return self._pairing.cancelled

    @property
    def showing(self):
        return self.shown[-1][1] if self.shown else None

    async def ends(self):
        """The reason with which it ends, or None if it has paired."""
        try:
            await self._pairing.run()
        except NotAuthorized as error:
            return error.reason

    def gaps(self):
        times = [ms for ms, _ in self.endpoint.polls]
        return [times[i] - times[i - 1] - TAKES_MS for i in range(1, len(times))]


async def test_the_interval_is_kept_and_slow_down_adds_5_s_from_then_on():
    device = Device(
        Endpoint([PENDING, PENDING, "slow_down", PENDING, "slow_down", PENDING, pair()])
    )
    assert await device.ends() is None
    assert device.gaps() == [5000, 5000, 10_000, 10_000, 15_000, 15_000], device.gaps()
    assert device.shown[0] == (TAKES_MS, "000001") and device.showing is None
    access_token, key = device.tokens.adopted[0]
    assert access_token == "access" and len(key) == 32


async def test_a_code_is_renewed_for_ten_minutes():
    device = Device(Endpoint())
    assert await device.ends() == "pairing_timeout"
    codes = [code for _, code in device.shown if code]
    assert codes == ["000001", "000002", "000003", "000004", "000005"], device.shown
    assert 600_000 <= device.shown[-1][0] <= 600_000 + 2 * TAKES_MS
    begun = [ms for ms, code in device.shown if code]
    assert all([120_000 <= begun[i] - begun[i - 1] <= 126_000 for i in range(1, 5)]), begun
    # While codes change, one is always shown.
    assert None not in [code for _, code in device.shown[:-1]]


async def test_words_that_want_a_new_code():
    for word in ("expired_token", "invalid_grant", "invalid_request", ""):
        device = Device(Endpoint([word, pair()]))
        assert await device.ends() is None
        assert device.endpoint.codes == 2 and [code for _, code in device.endpoint.polls] == [
            "device-1",
            "device-2",
        ], word


async def test_words_that_end_it():
    for word, reason in (("access_denied", "access_denied"), ("invalid_client", "client_refused")):
        device = Device(Endpoint([PENDING, word]))
        assert await device.ends() == reason
        assert device.showing is None and device.endpoint.codes == 1
    device = Device(Endpoint(["temporarily_unavailable", "zzz", pair()]))
    device.endpoint.code_failures = [BadRequest("temporarily_unavailable")]
    assert await device.ends() is None and device.endpoint.codes == 1
    for refusal in (BadRequest("invalid_client"), Unauthorized("")):
        device = Device(Endpoint())
        device.endpoint.code_failures = [refusal]
        assert await device.ends() == "client_refused" and not device.endpoint.codes


async def test_a_code_is_kept_over_network_errors():
    trouble = [
        Unreachable("timeout", "x"),
        ApiError("server_error", "x"),
        ApiError("rate_limited", "x"),
    ]
    device = Device(Endpoint(trouble + [pair()]))
    assert await device.ends() is None
    assert device.endpoint.codes == 1 and len(device.endpoint.polls) == 4
    assert device.gaps() == [5000] * 3


async def test_a_code_is_tried_for_with_backoff():
    device = Device(Endpoint([pair()]))
    device.endpoint.code_failures = [Unreachable("refused", "x")] * 20
    assert await device.ends() is None
    assert device.shown[-2][0] < 20 * 60_000
    assert not [code for _, code in device.shown[:20] if code]


async def test_no_request_without_network():
    device = Device(Endpoint([pair()]))
    device.up = False
    running = asyncio.create_task(device.ends())
    await asyncio.sleep_ms(3_600_000)
    assert not device.endpoint.codes
    device.up = True
    await asyncio.sleep_ms(2_000)
    assert device.showing == "000001"
    device.up = False
    await asyncio.sleep_ms(30_000)
    assert not device.endpoint.polls and device.showing == "000001"
    device.up = True
    assert await running is None


async def test_numbers_of_the_service_are_bounded():
    for given, kept_s in (
        (5, 5),
        (5.0, 5),
        (7.9, 7),
        (0, 5),
        (-1, 5),
        (None, 5),
        ("5", 5),
        (True, 5),
        (1e9, 60),
    ):
        code = device_code(1, interval=given)
        assert code.interval_s == kept_s, (given, code.interval_s)
    code = device_code(1, expires_in=None, uri=7, uri_complete="a b")
    assert code.expires_in_s == 120
    assert code.verification_uri is None and code.verification_uri_complete is None


async def test_cancelling_at_every_step():
    """Twenty seconds of pairing, cancelled after each 50 ms of it.

    No code is shown from then on, and tokens on their way are revoked.
    """
    outcomes = set()
    for step in range(420):
        device = Device(Endpoint([PENDING, "slow_down", pair()]))
        running = asyncio.create_task(device.ends())
        await asyncio.sleep_ms(step * 50)
        if running.done():
            assert len(device.tokens.adopted) == 1
            break
        device.cancel()
        assert device.showing is None and device.cancelled
        begun_ms = Clock.now_ms
        outcome = await running
        assert outcome == "cancelled", (step, outcome)
        assert Clock.now_ms - begun_ms <= 2 * TAKES_MS
        assert not device.tokens.adopted
        assert device.showing is None
        outcomes.add(tuple(device.endpoint.revoked))
    assert step > 300 and outcomes == {(), ("refresh",)}, (step, outcomes)


async def test_cancelled_before_it_begins():
    device = Device(Endpoint())
    device.cancel()
    assert await device.ends() == "cancelled"
    assert device.showing is None
