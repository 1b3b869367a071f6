"""Which address a connect goes to, and when the name is looked up, in virtual time."""

import asyncio
import errno

from tools.virtual_board import virtual_time
from tools.virtual_board.virtual_time import Clock

virtual_time.install()

from pilotlight.net import transport as module
from pilotlight.net.deadline import Deadline
from pilotlight.net.endpoint import Endpoint
from pilotlight.net.errors import NetError, Unreachable
from pilotlight.settings import Settings
from tests.support.expect import raises


class Times:
    stall_ms = 10_000
    total_ms = 20_000


class Net:
    """Stands in for the `socket` module.

    addresses: what a look-up gives, in this order. blocks_ms: how long it blocks the event loop.
    holes: addresses that never answer. refusing: addresses that refuse the connection.
    look_ups: when they began. connects: the address of each connect.
    """

    SOCK_STREAM = 1

    def __init__(self, *addresses):
        self.addresses = list(addresses)
        self.blocks_ms = 0
        self.holes = []
        self.refusing = []
        self.look_ups = []
        self.connects = []
        module.socket = self

    def getaddrinfo(self, host, port, *_):
        self.look_ups.append(Clock.now_ms)
        Clock.now_ms += self.blocks_ms
        if not self.addresses:
            raise OSError(-202)
        return [(2, 1, 6, None, address) for address in self.addresses]

    def socket(self, *_):
        return Socket(self)


class Socket:
    """A socket of a Net. Where it reaches a server, one byte is there to be read."""

    def __init__(self, net):
        self._net = net
        self._address = None

    def connect(self, address):
        self._address = address
        self._net.connects.append(address)
        raise OSError(errno.EINPROGRESS)

    def ioctl(self, request, events):
        return self._address not in self._net.holes

    def readinto(self, buffer):
        return 1

    def write(self, buffer, *_):
        if self._address in self._net.refusing:
            raise OSError(errno.ECONNREFUSED)
        return 1

    def setblocking(self, blocking):
        pass

    def setsockopt(self, *_):
        pass

    def close(self):
        pass


async def connect(endpoint, times=Times):
    """A stream that is up. Raises NetError."""
    stream = endpoint.open()
    try:
        with Deadline(stream, "connecting", times):
            await stream.open()
            await stream.write(b"x", 0, 1)
            await stream.read(bytearray(1))
        return stream
    except NetError:
        stream.close()
        raise


async def ask(endpoint):
    """A short request. True if it was answered."""
    try:
        (await connect(endpoint)).close()
        return True
    except NetError:
        return False


async def link(endpoint, for_ms=60_000):
    """A link that lives so long."""
    stream = await connect(endpoint)
    await asyncio.sleep_ms(for_ms)
    stream.close()


async def test_an_ipv6_address_is_looked_up_without_brackets():
    """A look-up does not find it with them. The Host header has them."""

    class Asked(Net):
        def getaddrinfo(self, host, port, *_):
            self.asked = (host, port)
            return Net.getaddrinfo(self, host, port)

    net = Asked("a")
    settings = Settings("http://[::1]:8080", "1.2.3", access_token="x")
    endpoint = Endpoint(settings.host, settings.port)
    assert await ask(endpoint)
    assert net.asked == ("::1", 8080)
    assert endpoint.host_field == settings.host_field == "[::1]:8080"


async def test_an_address_that_failed_is_not_the_next_one():
    net = Net("a", "b", "c")
    endpoint = Endpoint("host", 9)
    net.refusing = ["a", "b", "c"]
    for _ in range(7):
        assert not await ask(endpoint)
    assert net.connects == ["a", "b", "c", "a", "b", "c", "a"], net.connects


async def test_the_dead_ones_are_paid_for_once():
    """By REST or the socket, the first of them; whatever the order in which they are given."""
    for dead in ("refusing", "holes"):
        net = Net("a", "b", "c", "d")
        setattr(net, dead, ["a", "b"])
        socket_s = rest_s = Endpoint("host", 9)
        begun_ms = Clock.now_ms
        assert not await ask(rest_s)
        net.addresses = ["b", "a", "c", "d"]
        assert not await ask(socket_s)
        assert await ask(rest_s) and await ask(socket_s)
        assert Clock.now_ms - begun_ms <= 20_100
        for _ in range(100):
            await asyncio.sleep(20)
            net.addresses.append(net.addresses.pop(0))
            assert await ask(rest_s)
        net.refusing = ["a", "b", "c"]
        assert not await ask(rest_s) and await ask(socket_s), net.connects[-5:]
        assert net.connects[-2:] == ["c", "d"]


async def test_two_dozen_addresses_are_all_tried():
    for count in (12, 24):
        net = Net(*range(count))
        net.refusing = list(range(count))
        endpoint = Endpoint("host", 9)
        for _ in range(2 * count):
            assert not await ask(endpoint)
        assert net.connects == net.addresses * 2, net.connects


async def test_while_a_link_is_up_there_is_no_look_up():
    net = Net("a", "b")
    endpoint = Endpoint("host", 9)
    up = await connect(endpoint)
    net.addresses = ["b"]
    for _ in range(10):
        assert await ask(endpoint)
        await asyncio.sleep(300)
    assert len(net.look_ups) == 1 and set(net.connects) == {"a"}
    up.close()


async def test_the_first_connect_after_a_link_is_without_a_look_up():
    """Also days later. Then a look-up, and that address again if it is still given."""
    net = Net("a", "b", "c")
    endpoint = Endpoint("host", 9)
    net.refusing = ["a"]
    assert not await ask(endpoint)
    await link(endpoint)
    for pause_s, link_s in ((1, 15), (5 * 24 * 3600, 15), (1, 8 * 24 * 3600), (61, 15)):
        net.look_ups.clear()
        net.connects.clear()
        await asyncio.sleep(pause_s)
        await link(endpoint, link_s * 1000)
        assert not net.look_ups and net.connects == ["b"], pause_s
    net.refusing = ["a", "b"]
    for _ in range(3):
        await ask(endpoint)
    assert len(net.look_ups) == 1 and net.connects == ["b", "b", "b", "c"], net.connects


async def test_the_address_that_answered_last_is_tried_first_in_whatever_order_they_come():
    net = Net("a", "b", "c")
    endpoint = Endpoint("host", 9)
    for addresses in (["b", "a"], ["c", "b", "a"], ["b", "c", "a"]):
        assert await ask(endpoint)
        await asyncio.sleep(61)
        net.addresses = addresses
    assert await ask(endpoint)
    assert net.connects == ["a"] * 4 and len(net.look_ups) == 4


async def test_a_server_that_has_moved_is_found():
    net = Net("a")
    endpoint = Endpoint("host", 9)
    await link(endpoint)
    net.addresses, net.holes = ["b"], ["a"]
    begun_ms = Clock.now_ms
    assert not await ask(endpoint) and await ask(endpoint)
    assert net.connects == ["a", "a", "b"] and Clock.now_ms - begun_ms < 10_100
    # A request that is answered is no reason never to ask again.
    net.addresses = ["c"]
    for _ in range(4):
        await asyncio.sleep(20)
        assert await ask(endpoint)
    assert net.connects[-1] == "c"


async def test_one_look_up_serves_rest_and_socket():
    net = Net("a")
    endpoint = Endpoint("host", 9)
    tasks = [asyncio.create_task(ask(endpoint)) for _ in range(3)]
    for task in tasks:
        await task
    assert len(net.look_ups) == 1
    for _ in range(180):
        await asyncio.sleep(20)
        assert await ask(endpoint)
    assert 55 <= len(net.look_ups) <= 62, len(net.look_ups)
    # An outage in which every try is refused.
    net.look_ups.clear()
    net.refusing = ["a"]
    for _ in range(180):
        await asyncio.sleep(20)
        assert not await ask(endpoint)
    assert len(net.look_ups) <= 62


async def waits_of(endpoint, count, errors=None):
    """After how many ms the next look-ups are made, when asked for again and again.

    errors: a list to add (ms, wait_ms of the error) to.
    """
    net = module.socket
    waits = []
    while len(waits) < count:
        before = len(net.look_ups)
        begun_ms = Clock.now_ms
        while len(net.look_ups) == before:
            await asyncio.sleep_ms(200)
            with raises(Unreachable) as caught:
                await connect(endpoint)
            assert caught.error.reason == "name" and caught.error.wait_ms > 0
            if errors is not None:
                errors.append((Clock.now_ms, caught.error.wait_ms))
        waits.append(net.look_ups[-1] - begun_ms)
    return waits


async def test_a_name_that_is_not_found():
    net = Net()
    endpoint = Endpoint("host", 9)
    errors = []
    waits = await waits_of(endpoint, 20, errors)
    for i in range(5):
        wanted_ms = (0, 2_000, 4_000, 8_000, 16_000)[i]
        assert wanted_ms <= waits[i] <= wanted_ms + 250, waits
    late = waits[5:]
    assert min(late) >= 30_000 and max(late) <= 60_250 and max(late) - min(late) > 5_000, late
    # The error says how long: who waits so long is the first to look up again.
    for at_ms, wait_ms in errors:
        due_ms = [ms for ms in net.look_ups if ms > at_ms]
        assert not due_ms or 0 <= due_ms[0] - (at_ms + wait_ms) <= 250
    net.addresses = ["a"]
    await asyncio.sleep(60)
    assert await ask(endpoint)
    net.addresses = []
    await asyncio.sleep(61)
    assert 2_000 <= (await waits_of(endpoint, 2))[1] < 2_300


async def test_a_look_up_that_blocks_is_rare():
    net = Net()
    net.blocks_ms = 7_000
    endpoint = Endpoint("host", 9)
    waits = await waits_of(endpoint, 20)
    assert min(waits[1:]) >= 30_000 and max(waits[1:]) <= 60_250, waits


async def test_a_network_that_has_just_come_up_may_look_up_at_once():
    net = Net()
    net.blocks_ms = 2_000
    endpoint = Endpoint("host", 9)
    await waits_of(endpoint, 3)
    count = len(net.look_ups)
    assert not await ask(endpoint) and len(net.look_ups) == count
    endpoint.network_changed()
    net.blocks_ms = 0
    assert 2_000 <= (await waits_of(endpoint, 2))[1] <= 2_250
    endpoint.network_changed()
    net.addresses = ["a"]
    assert await ask(endpoint)


async def test_a_link_comes_back_though_the_name_server_is_silent():
    net = Net("a")
    endpoint = Endpoint("host", 9)
    await link(endpoint)
    net.addresses, net.blocks_ms = [], 7_000
    assert await ask(endpoint)


async def test_rest_and_the_socket_do_not_block_one_after_the_other():
    net = Net()
    net.blocks_ms = 7_000
    endpoint = Endpoint("host", 9)
    asking = [asyncio.create_task(ask(endpoint)) for _ in range(2)]
    for task in asking:
        assert not await task
    assert len(net.look_ups) == 1


async def test_the_look_up_s_time_is_none_of_the_connect_s():
    """It blocks for 25 s, and then the handshake takes 9 s and 9 s more: in time."""
    net = Net("a")
    net.blocks_ms = 25_000
    net.holes = ["a"]
    endpoint = Endpoint("host", 9)
    connecting = asyncio.create_task(connect(endpoint))
    await asyncio.sleep_ms(100)
    await asyncio.sleep_ms(9_000)
    net.holes = []
    (await connecting).close()


async def test_what_came_while_the_loop_was_blocked_is_read_before_the_deadline_ends_it():
    net = Net("a")
    endpoint = Endpoint("host", 9)
    net.holes = ["a"]
    connecting = asyncio.create_task(connect(endpoint))
    await asyncio.sleep_ms(2_000)
    net.holes = []
    Clock.now_ms += 15_000
    (await connecting).close()
    net.holes = ["a"]
    endpoint = Endpoint("host", 9)
    connecting = asyncio.create_task(connect(endpoint))
    await asyncio.sleep_ms(2_000)
    Clock.now_ms += 15_000
    begun_ms = Clock.now_ms
    with raises(Unreachable):
        await connecting
    assert Clock.now_ms - begun_ms <= 1_100


async def test_what_is_closed_before_it_is_open():
    net = Net("a")
    stream = Endpoint("host", 9).open()
    opening = asyncio.create_task(stream.open())
    await asyncio.sleep_ms(1)
    stream.close()
    with raises(NetError) as caught:
        await opening
    assert not net.connects and caught.error.wait_ms is None


async def test_weeks_later():
    net = Net("a")
    endpoint = Endpoint("host", 9)
    assert await ask(endpoint)
    await asyncio.sleep(11 * 24 * 3600)
    net.addresses = ["b"]
    assert await ask(endpoint) and net.connects[-1] == "b"


async def test_of_several_addresses_that_are_up_the_newest_is_taken():
    """It answered last. Once its stream has ended, it is the one that is still up."""
    net = Net("a", "b")
    endpoint = Endpoint("host", 9)
    net.holes = ["a"]
    patient = Times()
    patient.stall_ms = patient.total_ms = 60_000
    slow = asyncio.create_task(connect(endpoint, patient))
    assert not await ask(endpoint)
    older = await connect(endpoint)
    assert net.connects == ["a", "a", "b"]
    net.holes = []
    newer = await slow
    for wanted in ("a", "a", "b"):
        assert await ask(endpoint) and net.connects[-1] == wanted, net.connects
        if len(net.connects) == 5:
            newer.close()
    older.close()
