"""The ladder, lights and strings: complete, in order, and told apart by timing alone."""

from firmware.indication import LIGHTS, PATTERNS, Indication
from firmware.light.breathing import BREATHING
from firmware.strings import REASONS
from pilotlight.status import state_of

NAMES = list(LIGHTS)  # tests/host/test_generated.py compares them with the ladder


class Status:
    """DeviceStatus's facts, all well."""

    def __init__(self, **facts):
        self.fault = self.user_code = self.reason = self.expires_at = None
        self.application = self.name = self.project = self.creator = None
        self.verification_uri = self.verification_uri_complete = None
        self.starting = False
        self.network_up = self.connected = self.authorized = self.online = True
        self.paused = False
        for name, value in facts.items():
            setattr(self, name, value)

    @property
    def state(self):
        return state_of(self)


def test_each_rung():
    assert Status().state == "online"
    assert Status(paused=True).state == "paused"
    assert Status(online=False).state == "joining"
    assert Status(paused=None).state == "joining"
    assert Status(authorized=False).state == "unpaired"
    assert Status(connected=False).state == "no_backend"
    assert Status(user_code="012345").state == "pairing"
    assert Status(network_up=False).state == "no_network"
    assert Status(starting=True, connected=False).state == "starting"
    assert Status(fault="config").state == "fault"


def test_the_first_match_counts():
    """With everything wrong at once, the rungs are taken away from the top one by one."""
    facts = {
        "fault": "config",
        "network_up": False,
        "user_code": "123456",
        "connected": False,
        "authorized": False,
        "online": False,
        "paused": True,
    }
    better = {
        "fault": None,
        "network_up": True,
        "user_code": None,
        "connected": True,
        "authorized": True,
        "online": True,
        "paused": False,
    }
    seen = [Status(**facts).state]
    for name in ("fault", "network_up", "user_code", "connected", "authorized", "online", "paused"):
        facts[name] = better[name]
        seen.append(Status(**facts).state)
    assert seen == [
        "fault",
        "no_network",
        "pairing",
        "no_backend",
        "unpaired",
        "joining",
        "paused",
        "online",
    ], seen


def test_every_light_has_a_pattern_and_a_colour():
    for pattern, rgb in LIGHTS.values():
        assert pattern in PATTERNS and len(rgb) == 3


def test_states_are_told_apart_by_timing_alone():
    patterns = [PATTERNS[LIGHTS[state][0]] for state in NAMES]
    for i in range(len(patterns)):
        for j in range(i):
            assert patterns[i] != patterns[j], (NAMES[i], NAMES[j])


def test_breathing_falls_as_it_rises():
    steps = BREATHING["slow"]
    count = len(steps)
    brightest = steps.index(max(steps, key=lambda step: step[1]))
    for step in range(count // 2):
        falling = steps[(brightest + step) % count]
        assert falling == steps[(brightest - step) % count]
        assert falling[1] > steps[(brightest + step + 1) % count][1]


def test_nothing_flashes_faster_than_3_hz():
    for name, steps in PATTERNS.items():
        if len(steps) > 1:
            rises = [sum([ms for ms, _ in steps[at : at + 2]]) for at in range(0, len(steps), 2)]
            assert min(rises) * 3 >= 1000, name


def test_a_face_shows_what_the_status_knows():
    indication = Indication(
        Status(paused=True, name="N", project="P", creator="C", expires_at="E", reason=None)
    )
    assert (indication.state, indication.pattern, indication.paused, indication.connected) == (
        "paused",
        "wink",
        True,
        True,
    )
    assert (
        indication.name,
        indication.project,
        indication.creator,
        indication.expires_at,
        indication.user_code,
    ) == ("N", "P", "C", "E", None)
    link = "https://next.frame.io/pair/987654"
    indication = Indication(
        Status(user_code="987654", verification_uri="U", verification_uri_complete=link)
    )
    assert (indication.verification_uri, indication.verification_uri_complete) == ("U", link)
    assert Indication(Status(fault="config", reason="timeout")).reason == "config"


def test_reasons_have_a_meaning_and_a_remedy():
    for meaning, remedy in [REASONS[reason] for reason in REASONS]:
        assert meaning and remedy
