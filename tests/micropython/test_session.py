"""The device's topic, and what its events mean. tests/host/test_architecture.py has the states."""

from pilotlight.frameio_api import socket_target
from pilotlight.session import paused_by


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
