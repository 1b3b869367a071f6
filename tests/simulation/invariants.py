"""The design's invariants that can be seen from outside. They hold in any fault."""

import asyncio

from tests.simulation.device import no_secret
from tests.simulation.frameio import unmasked
from tools.virtual_board.virtual_time import Clock

NOT_YET_MET: tuple = ()

_HEARTBEAT_MS = 17_000
_PROOF_MS = 29_000
_FALLBACK_PROOF_MS = 130_000
_LIMITED_MS = 60_000  # a 429 without a time holds requests back for so long
_PROBE_MS = 300_000 + _LIMITED_MS  # between two health probes while unpaired …
_REQUEST_MS = 30_000  # … and how long one may take
_TOLD_MS = 500  # how soon a lost network shows after network_changed(), …
_UNTOLD_MS = 30_000  # … and without
_SPACING_MS = 60_000
_LOOK_UP_TURN_MS = 50  # before a look-up: a request that begins with one arrives so much later
_HEALTH_MS = 14_900  # begin to begin at the device; a look-up takes its turn of 50 ms
_LOOK_UP_MS = 30_000  # from one that has failed often, or has blocked, to the next
_FORBIDDEN_REFRESH_MS = 3_600_000
_KEPT_ONLINE_MS = 300_000  # Frame.io shows a device as offline after this long without a sign
_KEPT_PAUSE_MS = 180_000
_HINTED_MS = 60_000 + _REQUEST_MS
_UNHINTED_MS = 360_000 + _REQUEST_MS
_SCHEDULED_PERCENT = 31  # of a token's life are left, at least, if its refresh has a cause
_CLOCK_STEP_MS = 1_000  # the device's clock tells whole seconds, and some tokens live for 10
_TEXT_FRAME = 0x81


class Broken(AssertionError):
    """checks: of the Watch, that were broken."""

    def __init__(self, checks, log):
        super().__init__("broken: %s; log: %s" % (checks, log))
        self.checks = checks


class Watch:
    """Checks a world at every virtual ms from `begin` to `end`, which says what was broken.

    Nothing changes while the time passes, so it looks before each wait, at how things are at the
    wait's end. It sees what the device writes into the network and what arrives at the service.
    broken, known: check that failed → (how often, virtual ms of the first time, what was found
    then); of those that must hold, and of those that are expected to fail.
    """

    def __init__(self, world):
        self._world = world
        self.broken = {}
        self.known = {}
        now_ms = Clock.now_ms
        self._heartbeat_ms = None  # when the last one was written; the join counts as the first
        self._down_ms = None  # since when there is no network
        self._well_ms = now_ms  # since when there is no fault
        self._truth = None
        self._truth_ms = now_ms  # when the truth about the pause changed
        self._looked_ms = now_ms  # up to when it has looked
        self._shown = None
        self._shown_ms = now_ms  # when that was shown first
        self._confirmed_ms = -1  # when an event or identity last told it
        self._stuck_ms = now_ms
        self._was_joined = False
        self._joined_ms = now_ms  # when the device last learned that it is joined
        self._left_ms = now_ms  # when it was last joined no more
        self._last_ms = {}  # what → when it last arrived
        self._identity_token = None
        self._health_ms = now_ms
        self._join_ms = now_ms  # when a join was last answered with ok
        self._refresh_token = None
        self._refresh_answered = True
        self._forbidden_refresh_ms = -_FORBIDDEN_REFRESH_MS
        self._until_ms = {}  # `rest`, `upgrade` → until when the service has asked it to wait
        self._known_s = world.host.known_s
        self._clock_ms = -1  # when the device's clock last jumped
        self._is_timeless = False  # it tells no time
        self._lost_ms = self._found_ms = -1  # when that last began and ended
        self._is_turn_due = False  # of the other tasks, since the last look-up
        self._failed_look_ups = 0  # in a row
        self._look_up_blocked = False
        self._look_up_ms = now_ms  # when the last one ended
        self._blocked_ms = -(1 << 30)  # when a look-up last blocked everything …
        self._unforeseen_ms = -(1 << 30)  # … and nothing had failed before

    def begin(self):
        """Begin to look at a world whose device is powered on."""
        world = self._world
        self._heartbeat_ms = Clock.now_ms
        world.network.tap = self._note_write
        self._listen()
        world.on_power_on = self._note_power_on
        world.network.on_look_up = self._note_look_up
        world.network.on_restart = self._note_restart
        world.frameio.on_request = self._note_request
        world.frameio.on_answer = self._note_answer
        world.frameio.on_limit = self._note_limit
        world.on_suspended = self._note_suspension
        Clock.before_wait = self._look

    def end(self):
        """Look no more."""
        Clock.before_wait = None

    def judge(self):
        """Raises Broken with the first things that were."""
        no_secret(self._world)
        if self.broken:
            first_ms = min([found[1] for found in self.broken.values()])
            log = [row for row in self._world.log if row[0] <= first_ms]
            raise Broken(self.broken, log[-10:])

    def _listen(self):
        agent = self._world.agent
        self._network_changed = agent.network_changed
        agent.network_changed = self._note_network_change

    def _note_power_on(self):
        """What it has asked before, and what it was told, is forgotten."""
        self._listen()
        self._last_ms.clear()
        self._until_ms.clear()
        self._failed_look_ups = 0
        self._health_ms = -(1 << 30)
        self._identity_token = self._refresh_token = None
        self._refresh_answered = True
        self._forbidden_refresh_ms = -(1 << 30)
        self._is_turn_due = False

    def _look(self, ms):
        """Nothing will change for so long."""
        if self._world.agent is None:
            return
        status = self._world.agent.status
        begun_ms = Clock.now_ms
        end_ms = begun_ms + ms
        if self._world.host.known_s not in (None, self._known_s):
            self._known_s, self._clock_ms = self._world.host.known_s, begun_ms
        if self._is_timeless != (self._world.host.known_s is None):
            self._is_timeless = not self._is_timeless
            if self._is_timeless:
                self._lost_ms = begun_ms
            else:
                self._found_ms = begun_ms
        self._look_at_link(status, begun_ms, end_ms)
        self._look_at_pause(status, begun_ms, end_ms)
        self._looked_ms = end_ms

    def _look_at_link(self, status, begun_ms, now_ms):
        network = self._world.network
        if network.is_stuck:  # nothing can leave
            self._stuck_ms = now_ms
        if status.joined:
            since_ms = now_ms - max(self._heartbeat_ms, self._stuck_ms)
            if since_ms > _HEARTBEAT_MS:
                self._find("heartbeat", "none for %d ms", since_ms)
        if not status.network_up:
            self._failed_look_ups = 0  # what comes up without a call is tried at once, too
        blocked = now_ms - self._blocked_ms < 2 * _PROOF_MS
        if status.connected:
            good_ms = _PROOF_MS
            if not status.authorized:  # also in the fallback: no heartbeat is sent any more
                good_ms = _PROBE_MS + _REQUEST_MS
            elif status.fallback:
                good_ms = _FALLBACK_PROOF_MS
            since_ms = now_ms - network.proven_ms
            unforeseen = now_ms - self._unforeseen_ms < 2 * _PROOF_MS
            good_ms += 8_000 if unforeseen else 0  # a look-up blocks the event loop
            if since_ms > good_ms:
                check = "connected_over_look_ups" if unforeseen else "connected"
                self._find(check, "no proof for %d ms", since_ms)
        was_held = begun_ms != self._looked_ms  # the process, for a while
        if not self._world.host.up:
            self._failed_look_ups = 0  # when it is up again, the name is looked up at once
        if self._world.host.up or blocked or was_held:
            self._down_ms = None
        elif self._down_ms is None:
            self._down_ms = begun_ms
        elif status.connected:
            since_ms = now_ms - self._down_ms
            is_shown = status.state == "no_network"
            longest_ms = _TOLD_MS if is_shown else _UNTOLD_MS
            if since_ms > longest_ms:
                self._find("no_network", "connected without network, %d ms", since_ms)
        if status.state == "online":
            since_ms = now_ms - self._world.frameio.kept_online_ms
            if since_ms > _KEPT_ONLINE_MS + 2_000:
                what = "online, and Frame.io has not heard of it for %d ms"
                self._find("kept_online", what, since_ms)

    def _look_at_pause(self, status, begun_ms, now_ms):
        world = self._world
        if status.paused is None and status.state == "online":
            self._find("paused_unknown", "online, pause unknown")
        if world.repairs:
            self._well_ms = now_ms
        if world.frameio.paused != self._truth:
            self._truth, self._truth_ms = world.frameio.paused, begun_ms
        if not status.joined:
            if self._was_joined:
                self._left_ms, self._was_joined = begun_ms, False
            return
        if not self._was_joined:
            self._joined_ms, self._was_joined = begun_ms, True
        if status.paused != self._shown:  # an event, or an answer asked for before the join
            self._shown = status.paused
            self._shown_ms = begun_ms
        unconfirmed_ms = now_ms - max(self._join_ms, self._confirmed_ms, self._shown_ms)
        # An identity that was read while the socket was down counts for the join.
        if (
            unconfirmed_ms > _KEPT_PAUSE_MS + _REQUEST_MS
            and self._confirmed_ms < self._left_ms
            and status.paused is not None
        ):
            what = "the pause is shown, and was not confirmed for %d ms"
            self._find("paused_kept", what, unconfirmed_ms)
        if status.paused is None or status.paused == self._truth:
            return
        begun_ms = max(self._truth_ms, self._well_ms)
        hint_ms = max(self._join_ms, world.frameio.hint_ms)
        wrong_ms, longest_ms = now_ms - begun_ms, _UNHINTED_MS
        if hint_ms >= begun_ms:
            wrong_ms, longest_ms = now_ms - hint_ms, _HINTED_MS
        if world.frameio.tokens:
            longest_ms += _SPACING_MS  # for a refresh
        if wrong_ms > longest_ms + world.patience_ms:
            self._find("paused", "wrong for %d ms", wrong_ms)

    def _note_request(self, what, token, socket):
        """A request has arrived. What the device has given up already is not counted."""
        now_ms = Clock.now_ms
        if socket.closed:
            return
        # The device counts from an HTTP heartbeat's begin; the way may have become shorter since.
        at_ms = socket.opened_ms if what == "http_heartbeat" else now_ms
        gap_ms = at_ms - self._last_ms.get(what, -(1 << 30))
        gap_ms += 2 * self._world.network.jitter_ms  # the last one may have been late
        self._last_ms[what] = at_ms
        kind = "upgrade" if what == "upgrade" else "rest"
        left_ms = self._until_ms.get(kind, 0) - now_ms
        self._expect("retry_after", left_ms <= 0, "%s, %d ms too early", what, left_ms)
        if what == "identity":
            if self._identity_token == token:  # the first with new tokens goes at once
                self._expect("identity_spacing", gap_ms >= _SPACING_MS, "after %d ms", gap_ms)
            self._identity_token = token
        elif what == "http_heartbeat":
            least_ms = _SPACING_MS - _LOOK_UP_TURN_MS
            self._expect("http_heartbeat_spacing", gap_ms >= least_ms, "after %d ms", gap_ms)
        elif what == "health":
            self._note_health(socket.opened_ms)
        elif what == "refresh":
            self._note_refresh(token, gap_ms)

    def _note_health(self, begun_ms):
        gap_ms = begun_ms - self._health_ms  # a socket that has ended meanwhile is free to ask
        blocked = begun_ms - self._blocked_ms < _HEALTH_MS
        self._expect(
            "health_spacing",
            self._join_ms >= self._health_ms or blocked or gap_ms >= _HEALTH_MS,
            "after %d ms",
            gap_ms,
        )
        self._health_ms = begun_ms
        is_joined = self._world.agent.status.joined
        joined_ms = begun_ms - self._joined_ms if is_joined else 0
        # It may have been under way when the join was answered.
        longest_ms = 4 * self._world.network.latency_ms + self._world.network.jitter_ms
        self._expect("health_beside_socket", joined_ms <= longest_ms, "joined for %d ms", joined_ms)

    def _note_refresh(self, token, gap_ms):
        world, now_ms = self._world, Clock.now_ms
        tokens, frameio = world.frameio.tokens, world.frameio
        is_again = token == self._refresh_token
        if is_again:
            if not self._refresh_answered:
                sent_ms = now_ms - gap_ms
                self._expect(
                    "refresh_again",
                    gap_ms >= _SPACING_MS and world.network.proven_ms > sent_ms,
                    "sent again after %d ms",
                    gap_ms,
                )
        elif self._refresh_token is not None:
            since_ms = now_ms - tokens.issued_ms
            self._expect(
                "refresh_spacing",
                since_ms >= _SPACING_MS,
                "%d ms after the last success",
                since_ms,
            )
        has_cause = (
            is_again
            or tokens.generation_of(token) != tokens.live  # the power went before it was stored
            or tokens.life_left_percent(now_ms + _CLOCK_STEP_MS) <= _SCHEDULED_PERCENT
            or max(frameio.refused_ms, self._clock_ms) >= tokens.issued_ms
            # It came while no time was known, so its age is not known.
            or self._lost_ms - _REQUEST_MS <= tokens.issued_ms <= self._found_ms
        )
        if not has_cause:
            since_ms = now_ms - self._forbidden_refresh_ms
            self._expect(
                "refresh_cause",
                frameio.forbidden_ms >= tokens.issued_ms and since_ms >= _FORBIDDEN_REFRESH_MS,
                "not due, nothing was refused, the last for a 403 was %d ms ago",
                since_ms,
            )
            self._forbidden_refresh_ms = now_ms
        self._refresh_token = token
        self._refresh_answered = False

    def _note_answer(self, what, status, body):
        if what == "join":
            self._join_ms = Clock.now_ms
        elif what == "refresh":
            self._refresh_answered = True
        elif what == "identity" and status == 200 and "status" in body:
            self._confirmed_ms = Clock.now_ms

    def _note_limit(self, what, header):
        """Only what has arrived can be obeyed."""
        kind = "upgrade" if what == "upgrade" else "rest"
        self._until_ms[kind] = Clock.now_ms + _asked_wait_ms(header)

    def _note_write(self, socket, data):
        if data.startswith(b"GET /devices/websocket"):
            self._heartbeat_ms = None
        elif data[0] == _TEXT_FRAME and (
            self._heartbeat_ms is None or b'"heartbeat"' in _payload_of(data)
        ):
            self._heartbeat_ms = Clock.now_ms
        kinds = [one.kind for one in self._world.network.sockets if not one.closed]
        self._expect(
            "one_of_each",
            kinds.count("rest") <= 1 and kinds.count("socket") <= 1 and len(kinds) <= 2,
            "open: %s",
            kinds,
        )

    def _note_look_up(self):
        """None while joined; after failures at growing distances; a turn for all in between."""
        network, now_ms = self._world.network, Clock.now_ms
        self._expect("look_up_joined", not self._world.agent.status.joined, "while joined")
        if self._failed_look_ups:
            least_ms = min(_LOOK_UP_MS, 1000 << min(self._failed_look_ups, 5))
            if self._look_up_blocked:
                least_ms = _LOOK_UP_MS
            gap_ms = now_ms - self._look_up_ms
            self._expect(
                "look_up_spacing",
                gap_ms >= least_ms,
                "%d ms after failure %d",
                gap_ms,
                self._failed_look_ups,
            )
        if network.look_up_ms:
            self._expect("look_up_turn", not self._is_turn_due, "two look-ups without a turn")
            self._is_turn_due = True
            asyncio.create_task(self._turn())
            self._blocked_ms = now_ms
            if not self._is_unanswered():  # then the device can't know that it will block
                self._unforeseen_ms = now_ms
        self._look_up_blocked = network.look_up_ms > 1000
        self._look_up_ms = now_ms + network.look_up_ms
        self._failed_look_ups = 0 if network.has_name else self._failed_look_ups + 1

    async def _turn(self):
        self._is_turn_due = False

    def _is_unanswered(self):
        """Nothing has answered since the last connect."""
        network = self._world.network
        return network.connect_ms > max(network.heard_ms, network.proven_ms)

    def _note_network_change(self):
        """What has just come up is tried at once."""
        self._failed_look_ups = 0
        self._network_changed()

    def _note_restart(self):
        """Recovery took the network down and up: what comes up is tried at once."""
        self._failed_look_ups = 0

    def _note_suspension(self, ms):
        """Nothing was due while the process stood still."""
        self._world.network.proven_ms += ms
        self._world.frameio.kept_online_ms += ms
        if self._heartbeat_ms is not None:
            self._heartbeat_ms += ms
        self._well_ms = Clock.now_ms

    def _expect(self, check, holds, what, *found_so):
        """what: a format of what was found."""
        if not holds:
            self._find(check, what, *found_so)

    def _find(self, check, what, *found_so):
        """A check has failed. what: a format of what was found."""
        what = what % found_so
        found = self.known if check in NOT_YET_MET else self.broken
        count, first_ms, first = found.get(check, (0, Clock.now_ms, what))
        found[check] = count + 1, first_ms, first


def _asked_wait_ms(header):
    """What a header line asks for, in ms; at most 5 min."""
    name, _, value = header.partition(b": ")
    number = value.strip()
    if not number.isdigit() or len(number) > 9:
        return 60_000 if b"GMT" in number else 0
    return min(300_000, int(number) * (1000 if name == b"Retry-After" else 1))


def _payload_of(frame):
    """The payload of a client's frame."""
    at = 4 if frame[1] & 0x7F == 126 else 2
    return unmasked(frame[at : at + 4], frame[at + 4 :])
