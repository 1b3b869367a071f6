"""The `rig` fixture, shared with the system tests."""

from tests.system.conftest import rig as rig
