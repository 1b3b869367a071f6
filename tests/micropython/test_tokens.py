"""A device's tokens in virtual time, over a token endpoint whose answers a test gives."""

import asyncio

from tools.virtual_board import virtual_time

virtual_time.install()

from pilotlight import stored_tokens
from pilotlight.core import Core
from pilotlight.credentials import NotAuthorized
from pilotlight.frameio_api import ApiError, BadRequest, Unauthorized
from pilotlight.net.errors import LinkClosed, Unreachable
from pilotlight.oauth_api import TokenPair
from pilotlight.requests import Slot
from pilotlight.times import Times
from pilotlight.tokens import Tokens
from tests.support.expect import raises
from tools.virtual_board.virtual_time import Clock

LIFE_S = 28_800
BASE_S = 1_800_000_000


def pair(number, life_s=LIFE_S):
    """The answer to a token request."""
    fields = {"access_token": "access-%d" % number, "refresh_token": "refresh-%d" % number}
    fields["expires_in"] = life_s
    return TokenPair(fields)


class Endpoint:
    """Stands in for OauthApi.

    answers: what the next refreshes get, a pair or an exception; after them each gets a new pair.
    arrives: requests are sent completely.
    """

    def __init__(self):
        self.answers = []
        self.used = []
        self.begun_ms = []
        self.sent = False
        self.arrives = True
        self.is_busy = False
        self.takes_ms = 100

    async def refresh(self, refresh_token, pair_bytes):
        self.sent = self.arrives
        self.used.append(refresh_token)
        self.begun_ms.append(Clock.now_ms)
        self.is_busy = True
        await asyncio.sleep_ms(self.takes_ms)
        self.is_busy = False
        answer = self.answers.pop(0) if self.answers else pair(len(self.used) + 1)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Requests:
    """Stands in for the request slot. up: a request can be made. count: proofs that Frame.io answers."""

    def __init__(self):
        self.up = True
        self.proof = self
        self.count = 0
        self.slot = Slot()

    async def ask(self, request):
        return await request

    ask_now = ask

    def ready(self):
        return self.up


class Given:
    """Stands in for Settings."""

    client_version = client_secret = ""

    def __init__(self, host_field, client_id):
        self.host_field = host_field
        self.client_id = client_id


class Device:
    """The tokens of a device, its storage and its clock. Only this class knows how they are made.

    told: `renewed` and `ended`, as it was told. stored_when_told: the access token that was stored
    at each `renewed`. writes: each record as it was stored.
    full: the storage refuses. has_clock: the time is known.
    """

    def __init__(self, records=None, client_id=None, host="api.frame.io"):
        self.records = records if records is not None else {}
        self.writes = []
        self.told = []
        self.stored_when_told = []
        self.log = []
        self.full = False
        self.has_clock = True
        self.endpoint = Endpoint()
        self.requests = Requests()
        core = Core(self, self, self, Times(), self.log.append)
        self._status = core.status
        self._tokens = Tokens(core, self.requests, None, Given(host, client_id))
        self._tokens.oauth_api = self.oauth_api
        self._tokens.on_changed = self.changed

    def oauth_api(self):
        self._tokens.api = self.endpoint
        return self.endpoint

    def changed(self):
        self.told.append("renewed" if self.authorized else "ended")
        if self.authorized:
            self.stored_when_told.append(self.records["authorization"]["access_token"])

    # Its storage and clock

    def load(self, name):
        return self.records.get(name)

    def save(self, name, record):
        if self.full:
            raise OSError(28)
        self.records[name] = dict(record)
        self.writes.append((name, dict(record)))

    def now_s(self):
        return BASE_S + Clock.now_ms // 1000 if self.has_clock else None

    # What the other parts do with its tokens

    def pair(self):
        """A pairing has brought the first pair."""
        self._tokens.adopt(pair(1), "key")

    async def serve(self):
        """Refresh in time, until there is no memory."""
        await self._tokens.run()

    def run(self):
        """Begin to refresh in time."""
        self._running = asyncio.create_task(self.serve())

    def start(self):
        self.pair()
        self.run()

    async def stop(self):
        self._running.cancel()
        await asyncio.sleep_ms(0)

    async def finish(self):
        """Wait for a request under way."""
        await self._tokens.finish()

    async def access_token(self, rejected=None):
        return await self._tokens.access_token(rejected)

    async def renew_if_expired(self):
        await self._tokens.renew_if_expired()

    def refresh(self):
        """Ask for a refresh before its time."""
        self._tokens.request_refresh()

    def accept(self):
        """Identity has accepted the token."""
        self._tokens.accepted()

    def refuse(self, token):
        """Identity has refused this token; True if a refresh is to mend that."""
        return self._tokens.refused(token)

    def network_changed(self):
        self._tokens.network_changed()

    def connect(self):
        """Frame.io answers again."""
        self.requests.count += 1
        self._status.update(connected=True)

    # What the other parts ask it

    @property
    def client_id(self):
        return self._tokens.client_id

    @property
    def authorized(self):
        return self._tokens.authorized

    @property
    def is_awaited(self):
        return self._tokens.is_awaited

    @property
    def key(self):
        return self._tokens.key

    @property
    def reason(self):
        return self._tokens.reason

    @property
    def client_refused(self):
        return self._status.client_refused


async def test_a_refresh_comes_at_75_percent_give_or_take_5():
    waits = []
    device = Device()
    device.start()
    before_ms = Clock.now_ms
    for number in range(30):
        while len(device.endpoint.used) == number:
            await asyncio.sleep_ms(1000)
        waits.append(device.endpoint.begun_ms[-1] - before_ms)
        before_ms = device.endpoint.begun_ms[-1]
    assert min(waits) >= LIFE_S * 700 and max(waits) <= LIFE_S * 800 + 1100, (
        min(waits),
        max(waits),
    )
    assert max(waits) - min(waits) > LIFE_S * 50
    assert device.endpoint.used == ["refresh-%d" % number for number in range(1, 31)]
    await device.stop()


async def test_the_new_pair_is_stored_before_its_first_use():
    device = Device()
    device.start()
    token = await device.access_token()
    assert token == "access-1"
    renewed = await device.access_token(rejected=token)
    assert renewed == "access-2" and device.records["authorization"]["access_token"] == "access-2"
    assert device.records["authorization"]["key"] == "key"
    assert device.told == ["renewed", "renewed"]
    assert device.stored_when_told == ["access-1", "access-2"]
    await device.stop()


async def test_a_pair_that_finds_no_memory_to_be_stored_is_asked_for_once():
    device = Device()
    device.pair()
    given = device.now_s
    failures = []

    def now_s():
        if device.endpoint.used and len(failures) < 3:
            failures.append(Clock.now_ms)
            raise MemoryError  # the time is the first thing that the record needs
        return given()

    device.now_s = now_s
    device.refresh()
    for count in (1, 2, 3):
        with raises(MemoryError):
            await device.serve()
        assert len(failures) == count and await device.access_token() == "access-1"
    device.run()
    await asyncio.sleep_ms(1_000)
    assert await device.access_token() == "access-2"
    assert device.endpoint.used == ["refresh-1"]
    await device.stop()


async def test_many_who_were_refused_cause_one_refresh():
    device = Device()
    device.start()
    tokens = []

    async def use():
        tokens.append(await device.access_token(rejected="access-1"))

    users = [asyncio.create_task(use()) for _ in range(5)]
    await asyncio.sleep_ms(50)
    users[0].cancel()  # an impatient application does no harm
    for user in users[1:]:
        await user
    assert tokens == ["access-2"] * 4
    assert (
        await device.access_token(rejected="access-1") == "access-2"
    )  # a late one gets what is there
    assert device.endpoint.used == ["refresh-1"]
    await device.stop()


async def test_a_new_token_that_is_refused_is_not_refreshed_again():
    device = Device()
    device.start()
    token = await device.access_token(rejected="access-1")
    with raises(NotAuthorized) as caught:
        await device.access_token(rejected=token)
    assert caught.error.reason == "token_refused"
    assert not device.refuse(token)
    # Once identity has accepted it, a 401 to an application says nothing about the token. Identity
    # may refuse it later.
    device.accept()
    with raises(NotAuthorized):
        await device.access_token(rejected=token)
    assert device.refuse(token)
    await asyncio.sleep_ms(58_000)
    assert await device.access_token() == "access-2"  # a minute after the last refresh
    await asyncio.sleep_ms(4_000)
    assert await device.access_token() == "access-3"
    # A pair that came in its time is believed by the next application that complains.
    device.refresh()
    await asyncio.sleep_ms(61_000)
    assert await device.access_token(rejected="access-4") == "access-5"
    await device.stop()


async def test_failures_are_tried_again_with_backoff_and_end_nothing():
    device = Device()
    device.start()
    device.endpoint.arrives = False
    device.endpoint.answers = [Unreachable("timeout", "x"), ApiError("server_error", "x")] * 80
    with raises(Unreachable):
        await device.access_token(rejected="access-1")
    assert device.authorized
    while device.endpoint.answers:
        await asyncio.sleep_ms(1000)
    await asyncio.sleep_ms(901_000)
    assert set(device.endpoint.used) == {"refresh-1"} and len(device.endpoint.used) == 161
    assert await device.access_token() == "access-162"
    begun_ms = device.endpoint.begun_ms
    soon = [begun_ms[i] - begun_ms[i - 1] for i in range(1, 160) if begun_ms[i] < 1_800_000]
    late = [begun_ms[i] - begun_ms[i - 1] for i in range(1, 160) if begun_ms[i - 1] > 2_000_000]
    assert max(soon) <= 60_000 + 200 and max(soon) > 20_000, soon
    assert 600_000 < max(late) <= 900_000 + 200, late
    assert device.told == ["renewed", "renewed"]
    await device.stop()


async def test_an_outage_that_is_over_ends_the_wait_of_a_refresh():
    device = Device()
    device.start()
    device.endpoint.arrives = False
    device.endpoint.answers = [Unreachable("timeout", "x")] * 100
    device.refresh()
    await asyncio.sleep_ms(7_200_000)
    device.endpoint.answers = []
    used = len(device.endpoint.used)
    device.connect()  # something of Frame.io has answered
    await asyncio.sleep_ms(61_000)
    assert len(device.endpoint.used) == used + 1 and device.told == ["renewed", "renewed"]
    await device.stop()


async def test_a_token_whose_answer_may_be_lost_waits_until_frameio_answers_something():
    device = Device()
    device.start()
    device.endpoint.answers = [LinkClosed(1006, "cut off")] * 8
    device.refresh()
    await asyncio.sleep_ms(3_600_000)
    assert device.endpoint.used == ["refresh-1"]
    for wait_s in (0, 120, 240, 480, 960, 1200, 1200):
        used = len(device.endpoint.used)
        device.requests.count += 1
        await asyncio.sleep_ms(wait_s * 1000 - 13_000 if wait_s else 0)
        assert len(device.endpoint.used) == used, wait_s
        await asyncio.sleep_ms(14_000 if wait_s else 1_500)
        assert len(device.endpoint.used) == used + 1, wait_s
    device.requests.count += 1
    await asyncio.sleep_ms(1_300_000)
    assert device.told == ["renewed", "renewed"] and set(device.endpoint.used) == {"refresh-1"}
    await device.stop()


async def test_a_life_of_a_second_is_not_believed():
    device = Device()
    device.start()
    device.endpoint.answers = [pair(number, life_s=1) for number in range(2, 40)]
    device.refresh()
    await asyncio.sleep_ms(600_000)
    assert 9 <= len(device.endpoint.used) <= 11, device.endpoint.begun_ms
    await device.stop()


async def test_only_the_endpoint_s_verdict_ends_it():
    for sent, answers, reason in (
        (True, [BadRequest("invalid_request")], "pairing_ended"),
        (True, [BadRequest("invalid_grant")], "pairing_ended"),
        (True, [Unauthorized("")], "pairing_ended"),
        (True, [Unauthorized("invalid_grant")], "pairing_ended"),
        (True, [Unreachable("timeout", "x"), BadRequest("invalid_request")], "refresh_lost"),
        (False, [Unreachable("refused", "x"), BadRequest("invalid_request")], "pairing_ended"),
        # A 5xx may come from a proxy that has lost Frame.io's answer.
        (True, [ApiError("server_error", "x"), BadRequest("invalid_request")], "refresh_lost"),
    ):
        device = Device()
        device.start()
        device.endpoint.arrives = sent
        device.endpoint.answers = list(answers)
        device.refresh()
        await asyncio.sleep_ms(1_000)
        device.requests.count += 1
        await asyncio.sleep_ms(61_000)
        assert device.told == ["renewed", "ended"] and device.reason == reason, (
            device.told,
            device.reason,
        )
        assert device.records["authorization"] == {"client_id": device.client_id}
        assert device.key == ""  # what was asked with the old tokens is of another authorization
        with raises(NotAuthorized) as caught:
            await device.access_token()
        assert caught.error.reason == reason
        assert set(device.endpoint.used) == {"refresh-1"}
        await device.stop()


async def test_words_that_may_pass_end_nothing():
    for verdict in (BadRequest("zzz"), BadRequest("slow_down"), Unauthorized("zzz")):
        device = Device()
        device.start()
        device.endpoint.answers = [verdict]
        device.refresh()
        await asyncio.sleep_ms(5_000)
        assert device.told == ["renewed", "renewed"], verdict
        assert device.endpoint.used == ["refresh-1"] * 2
        await device.stop()


async def test_a_400_that_does_not_say_what_it_means_ends_the_pairing_after_10_min():
    for word in ("", "zzz"):
        device = Device()
        device.start()
        begun_ms = Clock.now_ms
        device.endpoint.answers = [BadRequest(word)] * 200
        device.refresh()
        while device.authorized:
            await asyncio.sleep_ms(1_000)
        assert 600_000 <= Clock.now_ms - begun_ms <= 700_000, Clock.now_ms - begun_ms
        assert len(device.endpoint.used) >= 3 and device.reason == "pairing_ended"
        await device.stop()


async def test_a_wrong_secret_ends_nothing():
    device = Device()
    device.start()
    refused = BadRequest("invalid_client"), Unauthorized("invalid_client")
    device.endpoint.answers = list(refused) + [BadRequest("unauthorized_client")] * 10
    with raises(NotAuthorized) as caught:
        await device.access_token(rejected="access-1")
    assert caught.error.reason == "client_refused" and device.authorized and device.client_refused
    while device.endpoint.answers:
        await asyncio.sleep_ms(1_000)
        assert device.authorized and device.client_refused
    begun_ms = device.endpoint.begun_ms
    gaps_s = [(begun_ms[i] - begun_ms[i - 1]) // 1000 for i in range(1, 8)]
    assert gaps_s == [60, 120, 240, 480, 900, 900, 900], gaps_s
    await asyncio.sleep_ms(901_000)
    assert await device.access_token() == "access-14" and not device.client_refused
    await device.stop()


async def test_a_full_flash_costs_nothing_as_long_as_there_is_power():
    device = Device()
    device.start()
    device.full = True
    assert await device.access_token(rejected="access-1") == "access-2"
    await asyncio.sleep_ms(200_000)
    assert device.records["authorization"]["access_token"] == "access-1"
    device.full = False
    await asyncio.sleep_ms(61_000)
    assert device.records["authorization"]["access_token"] == "access-2"
    await device.stop()


async def test_no_refresh_without_network_and_one_as_soon_as_it_is_there():
    device = Device()
    device.start()
    device.requests.up = False
    device.refresh()
    await asyncio.sleep_ms(3_600_000)
    assert not device.endpoint.used
    device.requests.up = True
    await asyncio.sleep_ms(1_001)
    assert device.endpoint.used == ["refresh-1"]
    await device.stop()


async def test_after_a_restart_the_stored_pair_is_due_when_it_was():
    device = Device()
    device.start()
    await device.stop()
    due_s = device.records["authorization"]["refresh_s"]
    again = Device(device.records)
    assert again.authorized and again.key == "key"
    again.run()
    await again.renew_if_expired()
    await asyncio.sleep_ms((due_s - again.now_s() - 1) * 1000)
    assert not again.endpoint.used
    await asyncio.sleep_ms(2_000)
    assert again.endpoint.used == ["refresh-1"]
    await again.stop()
    Clock.now_ms += 10 * LIFE_S * 1000
    expired = Device(again.records)
    expired.endpoint.answers = [pair(7)]
    expired.run()
    await expired.renew_if_expired()
    assert await expired.access_token() == "access-7"
    assert expired.endpoint.used == ["refresh-2"]
    await expired.stop()


async def test_an_expired_token_is_waited_for():
    device = Device()
    device.pair()
    Clock.now_ms += 10 * LIFE_S * 1000
    device.endpoint.answers = [Unreachable("timeout", "no answer")]
    device.endpoint.arrives = False
    device.run()
    with raises(Unreachable):
        await device.renew_if_expired()
    assert not device.is_awaited
    waiting = asyncio.create_task(device.renew_if_expired())
    await asyncio.sleep_ms(0)
    assert device.is_awaited  # no connect is tried meanwhile, so health is not rare
    await waiting
    assert not device.is_awaited
    assert await device.access_token() == "access-3"
    await device.stop()
    device.pair()
    await device.renew_if_expired()  # there is no refresh, and none is needed


async def test_a_clock_that_is_set_after_the_start_delays_no_refresh():
    device = Device()
    device.start()
    await device.stop()
    Clock.now_ms += LIFE_S * 900
    again = Device(device.records)
    again.has_clock = False
    again.run()
    await asyncio.sleep_ms(10_000)
    assert not again.endpoint.used
    again.has_clock = True
    await asyncio.sleep_ms(1_001)
    assert again.endpoint.used == ["refresh-1"]
    await again.stop()


async def test_stop_waits_for_the_answer():
    device = Device()
    device.start()
    device.endpoint.takes_ms = 15_000
    device.refresh()
    await asyncio.sleep_ms(10)
    begun_ms = Clock.now_ms
    await device.finish()
    assert 14_000 < Clock.now_ms - begun_ms < 15_000
    assert device.records["authorization"]["access_token"] == "access-2"
    await device.stop()


async def test_the_client_id():
    device = Device()
    made = device.client_id
    parts = made.split("-")
    assert (
        [len(part) for part in parts] == [8, 4, 4, 4, 12]
        and parts[2][0] == "4"
        and parts[3][0] in "89ab"
    ), made
    assert Device(device.records).client_id == made
    assert Device().client_id != made
    device.start()
    await device.stop()
    # Either record alone is enough.
    assert Device({"authorization": device.records["authorization"]}).client_id == made
    assert Device({"client": device.records["client"]}).client_id == made
    # Another unit's pair is not ours: a factory serial wins.
    other = Device(device.records, "SN-1")
    assert other.client_id == "SN-1" and not other.authorized
    assert other.records["client"] == {"client_id": "SN-1"}


async def test_a_new_client_id_is_made_of_all_that_is_random():
    kept = stored_tokens.os

    class Random:
        @staticmethod
        def urandom(count):
            return bytes(range(count))

    class Nothing:
        saved = None

        def load(self):
            return {}

        def save(self, record):
            self.saved = record

    stored_tokens.os = Random
    client = Nothing()
    try:
        made, pair = stored_tokens.read((Nothing(), client), "api.frame.io", None)
    finally:
        stored_tokens.os = kept
    assert made == "00010203-0405-4607-8809-0a0b0c0d0e0f" and not pair
    assert client.saved == {"client_id": made}


async def test_tokens_are_for_the_service_that_gave_them():
    device = Device()
    device.start()
    await device.stop()
    assert Device(device.records).authorized
    other = Device(device.records, host="127.0.0.1:8080")
    assert not other.authorized and "another service" in str(other.log)
    assert other.client_id == device.client_id


async def test_what_a_storage_gives_that_is_no_record():
    for odd in ([1], "text", 7):
        device = Device({"client": odd, "authorization": odd})
        assert not device.authorized and str(device.log).count("it is no record") == 2


async def test_records_that_are_none():
    device = Device()
    device.start()
    await device.stop()
    good = device.records["authorization"]
    for name, value in (
        ("access_token", None),
        ("access_token", "with space"),
        ("access_token", 'with"quote'),
        ("access_token", "with\\backslash"),
        ("access_token", "with\u00fcmlaut"),
        ("refresh_token", ""),
        ("refresh_token", "x" * 2049),
        ("key", 7),
        ("refresh_s", "soon"),
        ("expires_s", None),
        ("client_id", "another"),
    ):
        bad = dict(good)
        bad[name] = value
        assert not Device({"client": device.records["client"], "authorization": bad}).authorized, (
            name
        )
        del bad[name]
        assert not Device({"client": device.records["client"], "authorization": bad}).authorized, (
            name
        )


async def test_a_new_network_does_not_hurry_a_token_whose_answer_may_be_lost():
    device = Device()
    device.start()
    device.endpoint.answers = [LinkClosed(1006, "cut off")] * 2
    device.refresh()
    await asyncio.sleep_ms(1_000)
    for _ in range(20):
        device.requests.count += 1
        device.network_changed()
        await asyncio.sleep_ms(2_000)
    assert device.endpoint.used == ["refresh-1"]
    await asyncio.sleep_ms(21_000)  # it was lost a minute ago
    assert device.endpoint.used == ["refresh-1"] * 2
    await device.stop()


async def test_a_token_on_trial_that_is_to_be_renewed_anyway_is_not_given_up():
    device = Device()
    device.start()
    token = await device.access_token(rejected="access-1")
    assert not device.refuse(token)
    device.refresh()  # for a refused upgrade
    assert device.refuse(token)
    await device.stop()


async def test_two_400s_that_do_not_say_what_they_mean_end_nothing():
    """However far apart: after a long outage that may be 15 min."""
    spacings_ms = []
    for _ in range(20):
        device = Device()
        device.start()
        device.endpoint.answers = [ApiError("server_error", "x")] * 120
        device.endpoint.answers += [BadRequest("")] * 2 + [ApiError("server_error", "x")] * 9
        device.refresh()
        while len(device.endpoint.used) < 124 and device.authorized:
            await asyncio.sleep_ms(10_000)
        spacings_ms.append(device.endpoint.begun_ms[121] - device.endpoint.begun_ms[120])
        assert device.authorized
        await device.stop()
    assert max(spacings_ms) > 610_000, spacings_ms
