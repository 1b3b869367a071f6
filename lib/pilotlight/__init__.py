"""Pilotlight keeps a capture device online in Frame.io Camera to Cloud. No hardware in here.

from pilotlight import Agent, Settings

README shows how it is embedded.
"""

__version__ = "1.0.0"

_WHERE = {
    "Agent": "agent",
    "Settings": "settings",
    "SettingsError": "settings",
    "Times": "times",
    "NotAuthorized": "credentials",
    "ApiError": "frameio_api",
    "NetError": "net.errors",
}


def __getattr__(name: str):
    # Loaded when asked for: a program that uses pilotlight.net alone loads nothing else.
    try:
        module = __import__("pilotlight." + _WHERE.get(name, name), None, None, (name,))
    except ImportError:
        raise AttributeError(name)
    return getattr(module, name) if name in _WHERE else module
