"""`Agent.request` against the simulated Frame.io, in virtual time."""

import asyncio
import json
import sys

from pilotlight import ApiError, NetError, NotAuthorized
from pilotlight.frameio_api import Unauthorized
from tests.simulation.device import TOKEN, Times, World, no_secret, paired, sleep_s
from tests.simulation.frameio_tokens import MARK
from tests.support.expect import raises
from tools.virtual_board.virtual_time import Clock

ADDRESS = "https://storage.example/part?X-Amz-Signature=" + "0123456789abcdef" * 40
ASSET = {
    "id": "b0a1",
    "name": "A001.mp4",
    "upload_urls": [ADDRESS + str(part) for part in range(8)],
}
PAUSED = {
    "code": 409,
    "errors": [
        {
            "code": 409,
            "detail": "The channel you're uploading from is currently paused.",
            "status": 409,
            "title": "Channel Paused",
        }
    ],
    "message": "Channel Paused",
}


async def online():
    """A world with a fixed token whose device is online."""
    world = World()
    await world.online()
    return world


async def post(world, **options):
    """Announce a clip."""
    return await world.agent.request("POST", "/v2/devices/assets", {"name": "A001.mp4"}, **options)


async def refused(world, status, body, kind=ApiError, **options):
    """The error that comes of this answer."""
    world.frameio.assets = status, body
    with raises(kind) as caught:
        await post(world, **options)
    return caught.error


async def test_a_clip_is_announced_and_the_answer_holds_long_addresses():
    world = await online()
    assert "pilotlight.api_request" not in sys.modules
    world.frameio.assets = 200, ASSET
    assert await post(world) == ASSET
    head, body = world.frameio.posted[0]
    assert json.loads(body) == {"name": "A001.mp4"}
    for line in (
        b"POST /v2/devices/assets HTTP/1.1",
        b"x-client-version: 1.2.3",
        b"Authorization: Bearer " + TOKEN.encode(),
        b"Content-Type: application/json",
        b"Content-Length: %d" % len(body),
    ):
        assert line in head.split(b"\r\n"), head
    await world.power_off()


async def test_an_answer_may_have_any_shape():
    world = await online()
    for body in ([ADDRESS, [1, None]], [], {}, "text", 5, -1.5, True, None):
        world.frameio.assets = 200, json.dumps(body).encode()
        assert await post(world) == body
    world.frameio.assets = 201, b' \r\n {"a": 1} \n'
    assert await world.agent.request("POST", "/v2/devices/assets") == {"a": 1}
    head, body = world.frameio.posted[-1]
    assert not body and b"Content-Type" not in head and b"Content-Length: 0" in head
    world.frameio.assets = 204, None
    assert await post(world) is None
    assert (await world.agent.request("GET", "/v2/devices/me"))["status"] == "online"
    await world.power_off()


async def test_the_bound_of_an_answer():
    world = await online()
    text = b'["%s"]' % (b"x" * (8192 - 4))
    world.frameio.assets = 200, text
    assert await post(world) == [("x" * (8192 - 4))]
    for options, body in (({}, text + b" "), ({"answer_bytes": 100}, b"[" + b"1," * 49 + b"1]")):
        error = await refused(world, 200, body, NetError, **options)
        assert error.reason == "too_large" and str(len(body) - 1) in str(error), error
    error = await refused(world, 500, {"errors": ["x" * 9000]})
    assert (error.status, error.reason) == (500, "server_error")
    sent = len(world.frameio.posted)
    error = await refused(world, 200, {}, NetError, answer_bytes=1 << 40)
    assert error.reason == "memory" and len(world.frameio.posted) == sent
    await refused(world, 200, b"[" * 8000, NetError)
    await world.power_off()


async def test_what_is_no_json_and_what_is_damaged():
    world = await online()
    for body in (b"<!DOCTYPE html>", b"", b"   ", b"hello", b"\xff"):
        error = await refused(world, 200, body)
        assert (error.status, error.reason) == (200, "portal"), (body, error)
    for body in (b"[", b'{"a": 1', b"nil", b"{[]: 1}", b'"\xff"', b"[1] x"):
        error = await refused(world, 200, body, NetError)
        assert error.reason == "protocol", (body, error)
    for status in (301, 404, 502):
        error = await refused(world, status, b"<html>" + b"x" * 20_000)
        assert error.status == status and error.says == "", error
    await world.power_off()


async def test_frame_io_s_own_words_are_told_but_no_secret():
    world = await paired()
    error = await refused(world, 409, PAUSED)
    assert (error.status, error.reason, error.wait_ms) == (409, "http_error", None)
    assert error.says == "Channel Paused: The channel you're uploading from is currently paused."
    assert str(error).endswith("HTTP status 409: " + error.says)
    token = await world.agent.access_token()
    for text in (token, "of " + token + ".", ADDRESS, "http://a/", "\x1b[2J", "\u202e", "x" * 5000):
        for body in ({"message": text}, {"error": text}, {"errors": [{"title": text}]}):
            error = await refused(world, 422, body)
            assert error.says in ("", "of"), error.says
    for count, told in ((32, "x" * 32), (33, "")):  # a longer word may be a token
        assert (await refused(world, 422, {"message": "x" * count})).says == told
    error = await refused(world, 422, {"message": "too many words " * 100})
    assert len(error.says) == 120
    for body in ({"errors": []}, {"errors": [5]}, {"message": None}, {"errors": {}}, [], 5):
        assert (await refused(world, 422, body)).says == "", body
    assert MARK not in str(error)
    no_secret(world)
    await world.power_off()
    world = await online()
    assert (await refused(world, 422, {"error": "no %s. here" % TOKEN})).says == "no here"
    no_secret(world)
    await world.power_off()


async def test_a_401_is_followed_by_one_refresh_and_one_more_try():
    world = await paired()
    world.frameio.assets = 200, ASSET
    world.frameio.tokens.expire()
    tasks = [asyncio.create_task(post(world)) for _ in range(3)]
    for task in tasks:
        assert await task == ASSET
    assert len(world.frameio.times("refresh")) == 1
    assert len(world.frameio.posted) == 3 and len(world.frameio.times("assets")) <= 6
    await world.power_off()


async def test_a_401_that_is_not_frame_io_s_costs_no_refresh():
    world = await paired()
    error = await refused(world, 401, b"<html>")
    assert (error.status, error.reason) == (401, "http_error")
    error = await refused(world, 401, {"errors": []}, Unauthorized)  # with two tokens
    assert error.status == 401 and len(world.frameio.posted) == 3
    await refused(world, 401, {"errors": []}, NotAuthorized)
    assert len(world.frameio.times("refresh")) == 1
    await world.power_off()
    world = await online()
    await refused(world, 401, {"errors": []}, NotAuthorized)
    await world.power_off()


async def test_a_refresh_that_fails_is_what_is_raised():
    world = await paired()
    world.frameio.tokens.expire()
    world.frameio.answered_with["refresh"] = 500, {}
    with raises(ApiError) as caught:
        await post(world)
    assert (caught.error.reason, caught.error.status) == ("server_error", 500)
    assert len(world.frameio.times("refresh")) == len(world.frameio.times("assets")) == 1
    await world.power_off()


async def test_it_waits_for_the_next_token_60_s_at_most():
    world = await paired()
    await sleep_s(400)
    world.frameio.tokens.expire()
    stop = asyncio.Event()

    async def hold():
        await asyncio.sleep_ms(100)
        async with world.agent.request_slot():  # so no refresh comes
            await stop.wait()

    holding = asyncio.create_task(hold())
    begun_ms = Clock.now_ms
    world.frameio.delays_ms = {"assets": 500}
    with raises(NetError) as caught:
        await post(world)
    assert caught.error.reason == "timeout"
    assert 60_000 <= Clock.now_ms - begun_ms <= 61_000
    stop.set()
    await holding
    await world.power_off()


async def test_a_short_wait_is_waited_for_and_a_long_one_is_raised():
    world = await online()
    world.frameio.limits, world.frameio.header = True, b"Retry-After: 10\r\n"

    async def well_again():
        await sleep_s(5)
        world.frameio.limits = False

    asyncio.create_task(well_again())
    begun_ms = Clock.now_ms
    world.frameio.assets = 200, ASSET
    assert await post(world) == ASSET
    assert 10_000 <= Clock.now_ms - begun_ms <= 15_100
    assert len(world.frameio.times("assets")) == 2
    world.frameio.limits, world.frameio.header = True, b"Retry-After: 120\r\n"
    begun_ms = Clock.now_ms
    for _ in range(2):
        with raises(ApiError) as caught:
            await post(world)
        error = caught.error
        assert error.reason == "rate_limited" and 119_000 <= error.wait_ms <= 180_000
    assert Clock.now_ms - begun_ms <= 100 and len(world.frameio.times("assets")) == 3
    world.frameio.limits = False
    await asyncio.sleep_ms(error.wait_ms)
    assert await post(world) == ASSET
    world.frameio.answered_with["assets"] = 503, {"error": "unavailable"}
    with raises(ApiError) as caught:
        await post(world)
    assert caught.error.status == 503 and caught.error.wait_ms >= 119_000
    await world.power_off()


async def test_a_429_without_a_time_is_tried_again_for_a_minute():
    world = await online()
    world.frameio.limits = True
    begun_ms = Clock.now_ms
    with raises(ApiError) as caught:
        await post(world)
    assert caught.error.status == 429 and caught.error.wait_ms > 0
    assert 20_000 <= Clock.now_ms - begun_ms <= 60_500
    assert 4 <= len(world.frameio.times("assets")) <= 8
    await world.power_off()


async def test_without_network_or_time_nothing_is_sent_and_in_the_slot_it_is_an_error():
    world = await online()
    look_ups = world.network.look_ups
    world.host.up = False
    world.agent.network_changed()
    with raises(NetError) as caught:
        await post(world)
    assert caught.error.reason == "no_route"
    world.host.up = True
    world.agent.network_changed()
    world.host.known_s, known_s = None, world.host.known_s
    with raises(NetError) as caught:
        await post(world)
    assert caught.error.reason == "clock"
    world.host.known_s = known_s
    assert not world.frameio.times("assets") and world.network.look_ups == look_ups
    async with world.agent.request_slot():
        with raises(RuntimeError):
            await post(world)
    for path in ("https://api.frame.io/v2/devices/assets", "v2", "/a b", "/\r\nx"):
        with raises(ValueError):
            await world.agent.request("GET", path)
    assert await post(world) == {}
    await world.power_off()


async def test_an_answer_proves_that_frame_io_answers():
    world = World()
    world.frameio.forbids = True
    world.frameio.unanswered = ("identity", "health")
    world.power_on(Times(total_ms=2_000))
    await world.until("no_backend")
    await post(world)
    assert world.agent.status.connected
    world.agent.network_changed()
    await world.power_off()


async def test_lost_answers_are_named():
    world = await online()
    world.frameio.unanswered = ("assets",)
    begun_ms = Clock.now_ms
    with raises(NetError) as caught:
        await post(world)
    assert caught.error.reason == "timeout" and world.agent.http.sent
    assert Clock.now_ms - begun_ms <= 20_500
    world.frameio.unanswered = ()
    world.frameio.loses_percent = 100
    with raises(NetError) as caught:
        await post(world)
    assert caught.error.reason == "reset"
    world.frameio.loses_percent = 0
    assert await post(world) == {}
    await world.power_off()
