"""DeviceStatus: when its version rises, and the reason for each state that could be better."""

from pilotlight.status import DeviceStatus


def status(**facts):
    """A device that is online, but for these facts."""
    made = DeviceStatus()
    made.update(connected=True, joined=True, paused=False)
    made.update(**facts)
    return made


def test_the_version_rises_only_with_what_is_shown():
    one = status()
    assert (one.state, one.reason) == ("online", None)
    version = one.version
    one.update(joined=True, paused=False)
    one.update(link_reason="timeout", network_reason="wifi_lost", request_reason="name")
    one.update(authorization_reason="not_paired", client_refused=True, starting_is_over=True)
    assert one.version == version
    one.update(joined=False, connected=False)
    assert one.version == version + 1
    assert (one.state, one.reason) == ("no_backend", "name")
    one.update(request_reason="refused")
    assert one.version == version + 2
    assert one.reason == "refused"


def test_the_first_reason_that_matches():
    facts = {
        "fault": "config",
        "network_up": False,
        "network_reason": "wifi_lost",
        "authorized": False,
        "authorization_reason": "pairing_ended",
        "fallback": True,
        "joined": False,
        "connected": False,
        "request_reason": "name",
        "client_refused": True,
        "link_reason": "timeout",
    }
    better = (
        ("config", {"fault": None}),
        ("wifi_lost", {"network_up": True}),
        ("pairing_ended", {"pairing_is_wanted": True}),
        ("name", {"request_reason": None}),
        ("timeout", {"user_code": "012345"}),
        ("http_fallback", {"fallback": False, "request_reason": "refused"}),
        ("refused", {"connected": True}),
        ("client_refused", {"client_refused": False}),
        ("timeout", {"joined": True}),
        (None, {}),
    )
    one = status(**facts)
    for reason, change in better:
        assert one.reason == reason, (one.reason, reason)
        one.update(**change)


def test_never_online_while_it_is_not_known_whether_paused():
    one = status(paused=None)
    assert (one.state, one.reason) == ("joining", None)  # identity is under way
    one.update(identity_failed=True)
    assert (one.state, one.reason) == ("joining", "paused_unknown")
    one.update(joined=False, fallback=True)
    assert (one.state, one.reason) == ("joining", "paused_unknown")
    one.update(paused=False)
    assert (one.state, one.reason) == ("online", "http_fallback")


def test_a_code_that_is_on_its_way_asks_for_no_button():
    one = status(joined=False, authorized=False, pairing_is_wanted=True)
    assert (one.state, one.reason) == ("unpaired", "code_requested")


def test_starting_ends_with_the_first_thing_that_is_known_and_stays_over():
    for facts in (
        {"starting_is_over": True},
        {"connected": True},
        {"network_up": False, "network_reason": "wifi_password"},
        {"request_reason": "name"},
        {"link_reason": "clock"},
        {"authorized": False},
    ):
        one = DeviceStatus()
        assert one.state == "starting"
        one.update(project="Testbed")
        assert one.state == "starting"
        one.update(**facts)
        assert one.state != "starting", facts
        one.update(connected=False, network_reason=None, request_reason=None, link_reason=None)
        assert one.state != "starting", facts
    one = DeviceStatus()
    one.update(authorized=False, pairing_is_wanted=True)
    one.update(network_up=False)  # a radio takes a second or two to come up
    assert one.state == "starting"


def test_what_can_not_be_stored_is_told_where_there_is_nothing_worse():
    for facts, state, reason in (
        ({}, "online", "not_stored"),
        ({"paused": True}, "paused", "not_stored"),
        ({"joined": False}, "joining", "not_stored"),
        ({"joined": False, "authorized": False, "user_code": "1"}, "pairing", "not_stored"),
        ({"joined": False, "link_reason": "closed"}, "joining", "closed"),
        ({"network_up": False, "network_reason": "no_cable"}, "no_network", "no_cable"),
    ):
        one = status(**facts)
        version = one.version
        one.update(unsaved=1)
        assert (one.state, one.reason) == (state, reason)
        assert one.version - version == (reason == "not_stored")
        one.update(unsaved=2)
        one.update(unsaved=0)
        assert one.reason == (None if reason == "not_stored" else reason)
