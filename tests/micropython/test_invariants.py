"""Each check of the simulation's Watch sees what it is for: a device that breaks it is noticed."""

import asyncio

from tests.simulation import link_faults, service_faults, trouble
from tests.simulation.device import Times, World, sleep_s
from tests.simulation.frameio_tokens import SECRET
from tests.simulation.invariants import Watch
from tests.simulation.network import Network
from tools.virtual_board.virtual_time import Clock

# isort: split
from pilotlight.net.errors import NetError


async def found_by(times=None, fault=None, pairs=False, seconds=600):
    """The names of the checks that failed in a world with such times and a fault.

    fault: a function of the World, async or not.
    """
    world = World(pairs=pairs)
    watch = Watch(world)
    world.power_on(times)
    watch.begin()
    if pairs:
        await world.pair()
    else:
        await world.until("online")
    await sleep_s(100)
    if fault:
        job = fault(world)
        if job:
            await job
    await sleep_s(seconds)
    await world.power_off()
    return set(watch.broken) | set(watch.known)


async def test_a_well_device_breaks_nothing():
    assert await found_by(seconds=3600) == set()
    assert await found_by(pairs=True, seconds=10 * 3600) == set()


async def test_heartbeats_that_leave_late():
    assert await found_by(Times(heartbeat_ms=18_000)) == {"heartbeat"}


async def test_a_proof_that_is_good_for_too_long():
    times = Times(proof_ms=60_000, reply_ms=40_000, heartbeat_ms=16_000)
    assert "connected" in await found_by(times, link_faults.dead_air)


async def test_what_only_looks_like_an_answer_is_no_proof():
    """A captive portal's pages, and frames that are no messages."""

    async def believed(world):
        service_faults.portal(world)
        for _ in range(60):
            await sleep_s(1)
            world.agent.status.update(connected=True)

    assert "connected" in await found_by(None, believed)
    world = World()
    await world.online()
    await sleep_s(1)
    proven_ms = world.network.proven_ms
    world.frameio.send(1, b"{")
    await asyncio.sleep_ms(15)
    assert not world.agent.status.joined and world.network.proven_ms == proven_ms


async def test_the_last_piece_of_an_answer_proves():
    async def serve(stream):
        streams.append(stream)

    streams = []
    network = Network(serve, 10, 400)
    near = network.connect()
    try:
        near.connect(("192.0.2.1", 80))
    except OSError:
        await sleep_s(2)
    buffer, lengths = bytearray(100), set()
    for _ in range(50):
        await asyncio.sleep_ms(2)
        proven_ms = network.proven_ms
        streams[0].write_now(b"x" * 100, 0, 100, True)
        received = 0
        while received < 100:
            await asyncio.sleep_ms(1)
            count = near.readinto(buffer) or 0
            received += count
            lengths.add(count)
            assert received == 100 or network.proven_ms == proven_ms
        assert network.proven_ms >= Clock.now_ms - 1
    assert len(lengths) > 20, lengths  # with none, and with all


async def test_what_was_asked_in_an_answer_that_was_lost_is_not_obeyed():
    """It was under way when the connection was reset."""

    def lost(world):
        trouble.set_until_healed(world, world.frameio, header=b"Retry-After: 300\r\n", limits=True)
        trouble.set_until_healed(world, world.network, latency_ms=1_000)
        service_faults.forbidden(world)

        async def reset():
            for _ in range(5):
                probes = len(world.frameio.times("health"))
                while len(world.frameio.times("health")) == probes:
                    await asyncio.sleep_ms(100)
                world.network.reset()

        return reset()

    found = await found_by(None, lost)
    assert not found, found


async def test_a_proof_of_a_refused_token_is_good_until_the_next_probe():
    """Also where the HTTP fallback is not over yet: its heartbeats are not sent any more."""

    def refused_in_fallback(world):
        service_faults.forbidden(world)

        async def refuse():
            while not world.agent.status.fallback:
                await sleep_s(1)
            trouble.answer_with(world, "identity", 401, {"error": "invalid_token"})
            while world.agent.status.authorized:
                await sleep_s(1)
            assert world.agent.status.fallback
            trouble.leave_unanswered(world, "identity")

        return refuse()

    times = Times(health_unpaired_ms=(250_000, 250_000))
    found = await found_by(times, refused_in_fallback, seconds=200)
    assert not found, found


async def test_connected_without_network():
    def lost(world):
        world.host.up = False
        world.network.down = True

        async def lie():
            world.agent.network_changed()
            await sleep_s(5)
            world.agent.status.update(connected=True)
            await sleep_s(5)

        return lie()

    assert "no_network" in await found_by(None, lost)


async def test_online_although_frameio_has_not_heard_of_it():
    def silent_fallback(world):
        service_faults.forbidden(world)

        async def then_nothing():
            await sleep_s(300)
            assert world.agent.status.fallback
            trouble.leave_unanswered(world, "http_heartbeat")
            trouble.leave_unanswered(world, "identity")

        return then_nothing()

    times = Times(fallback_good_ms=3_600_000)
    assert "kept_online" in await found_by(times, silent_fallback)


async def test_online_while_the_pause_is_unknown():
    def forget(world):
        world.agent.status.update(paused=None)
        if world.agent.status.state != "online":  # the ladder knows better
            world.agent.status.state = "online"

    assert await found_by(None, forget, seconds=10) == {"paused_unknown"}


async def test_a_pause_that_is_never_verified():
    def pause_unheard(world):
        world.frameio.paused = True

    times = Times(identity_ms=(3_600_000, 3_600_000))
    assert await found_by(times, pause_unheard) == {"paused"}


async def test_a_pause_that_is_kept_without_confirmation():
    def lose_identity(world):
        trouble.leave_unanswered(world, "identity")
        trouble.close(world)

    def lose_its_status(world):
        trouble.answer_with(world, "identity", 200, {"id": world.frameio.device_id})
        trouble.close(world)

    for fault in lose_identity, lose_its_status:
        assert await found_by(Times(paused_kept_ms=400_000), fault) == {"paused_kept"}


async def test_an_answer_that_was_chosen_before_the_fault_confirms_the_pause():
    def spoilt_behind_it(world):
        world.frameio.delays_ms["identity"] = 5_000
        trouble.close(world)

        async def spoil():
            asked = len(world.frameio.times("identity"))
            while len(world.frameio.times("identity")) == asked:
                await asyncio.sleep_ms(100)
            trouble.answer_with(world, "identity", 404)

        return spoil()

    found = await found_by(None, spoilt_behind_it, seconds=230)
    assert not found, found


async def test_polls_that_come_too_often():
    assert "identity_spacing" in await found_by(
        Times(identity_spacing_ms=50_000),
        lambda world: world.frameio.push("status_updated", "resumed"),
    )
    assert await found_by(
        Times(fallback_ms=(40_000, 120_000)), service_faults.forbidden, seconds=3600
    ) >= {"http_heartbeat_spacing"}
    assert await found_by(Times(health_ms=(9_000, 9_000)), service_faults.forbidden) >= {
        "health_spacing"
    }


async def test_an_http_heartbeat_that_was_long_under_way_is_forgiven():
    """The way was long, and is short when the next one comes."""

    def slow_at_first(world):
        service_faults.forbidden(world)

        async def first():
            world.network.latency_ms = 3_000
            while not world.frameio.times("http_heartbeat"):
                await sleep_s(1)
            world.network.latency_ms = 10

        return first()

    times = Times(fallback_ms=(60_000, 60_000))
    assert not await found_by(times, slow_at_first)


def ask(world, target):
    """A request of an application that does not hold the slot."""
    return world.agent.http.request("GET", target, (), ("ok",))


async def test_health_beside_the_socket():
    assert await found_by(None, lambda world: ask(world, "/health")) == {"health_beside_socket"}


async def test_two_requests_at_once():
    def two(world):
        world.frameio.delays_ms["identity"] = 5_000
        world.frameio.push("status_updated", "resumed")

        async def meanwhile():
            beats = len(world.frameio.times("identity"))
            while len(world.frameio.times("identity")) == beats:
                await asyncio.sleep_ms(100)
            await ask(world, "/health")

        return meanwhile()

    assert "one_of_each" in await found_by(None, two)


async def refresh(world, token):
    """A refresh that must not be made now; the next refresh token, or None without an answer."""
    record = world.host.records["authorization"]
    form = "grant_type=refresh_token&refresh_token=%s&client_id=%s&client_secret=%s" % (
        url_encoded(token or record["refresh_token"]),
        record["client_id"],
        SECRET,
    )
    try:
        answer = await world.agent.http.request(
            "POST", "/v2/auth/token", (), ("refresh_token",), form.encode()
        )
    except NetError:
        return None
    return answer.fields["refresh_token"]


def url_encoded(token):
    return token.replace("~", "%7E").replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")


async def test_refreshes_without_cause_and_too_soon():
    async def twice(world):
        token = await refresh(world, None)
        await sleep_s(20)
        assert await refresh(world, token)

    found = await found_by(None, twice, pairs=True, seconds=10)
    assert found == {"refresh_cause", "refresh_spacing"}, found


async def test_a_refresh_token_that_is_sent_again_too_soon():
    async def twice(world):
        trouble.leave_unanswered(world, "refresh")
        assert await refresh(world, None) is None
        assert await refresh(world, None) is None

    found = await found_by(None, twice, pairs=True, seconds=10)
    assert "refresh_again" in found, found


async def test_what_the_service_asks_for_is_not_waited_for():
    def limited(world):
        world.frameio.header = b"Retry-After: 100\r\n"
        trouble.answer_with(world, "health", 429)
        service_faults.forbidden(world)

        async def impatient():
            for _ in range(60):
                await sleep_s(10)
                try:
                    await ask(world, "/health")
                except Exception:
                    pass

        return impatient()

    assert "retry_after" in await found_by(None, limited)


async def test_look_ups_that_come_too_often():
    def ask_for_it(world):
        world.network.has_name = False
        for _ in range(2):
            try:
                world.network.look_up(1)
            except OSError:
                pass

    assert await found_by(None, ask_for_it) == {"look_up_joined", "look_up_spacing"}


async def test_look_ups_that_block_one_after_the_other():
    def block(world):
        world.network.look_up_ms = 20_000
        for _ in range(2):
            world.network.look_up(1)

    found = await found_by(Times(proof_ms=600_000), block, seconds=10)
    assert found >= {"look_up_turn", "connected_over_look_ups"}, found


async def test_a_suspended_process_is_forgiven():
    assert await found_by(None, link_faults.suspended) == set()
