"""The parts of Frame.io that a device asks; faults are ordered by these names."""

# path → part
PARTS = {
    "/devices/websocket": "socket",
    "/v2/devices/me": "identity",
    "/v2/devices/heartbeat": "heartbeat",
    "/health": "health",
    "/v2/devices/assets": "assets",
    "/v2/auth/device/code": "code",
    "/v2/auth/token": "token",
    "/v2/auth/revoke": "revoke",
}
NAMES = (*PARTS.values(), "all")
