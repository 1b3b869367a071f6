"""The session's table of transitions, the device's topic, and what its events mean."""

from pilotlight.frameio_api import socket_target
from pilotlight.session import TRANSITIONS, Session, after, paused_by
from tests.support.expect import raises


def test_every_state_is_reached_and_each_outcome_leads_to_one_state():
    rows = [row.split() for row in TRANSITIONS.strip().split("\n")]
    assert all([len(row) == 3 for row in rows])
    states = {row[0] for row in rows}
    reached = {rows[0][0]}
    for _ in rows:
        for state, _, following in rows:
            if state in reached:
                reached.add(following)
    assert reached == states
    assert len({(row[0], row[1]) for row in rows}) == len(rows)


def test_each_state_has_its_method_and_each_method_its_state():
    states = {row.split()[0] for row in TRANSITIONS.strip().split("\n")}
    assert {name[4:] for name in dir(Session) if name.startswith("_at_")} == states


def test_an_outcome_that_is_not_in_the_table_is_a_bug():
    assert after("connect", "upgraded") == "join"
    with raises(ValueError):
        after("connect", "online")
    with raises(ValueError):
        after("connect", "up")  # an outcome of another state


def test_the_address():
    target = "/devices/websocket?Authorization=Bearer%20a.b-c_d~e%2F%2B%20"
    assert socket_target("a.b-c_d~e/+ ") == target


def test_what_a_push_says_about_the_pause():
    missing = object()
    assert paused_by("status_updated", "paused", missing) is True
    assert paused_by("status_updated", "resumed", missing) is False
    assert paused_by("status_updated", missing, "paused") is True
    assert paused_by("status_updated", missing, "resumed") is False
    for payload in ("online", "", None, missing, 7):
        assert paused_by("status_updated", payload, missing) is None
    assert paused_by("other", "paused", missing) is None
