"""Pilotlight: keeps a capture device online in Frame.io Camera to Cloud. No hardware in here; see docs/embedding.md.

from pilotlight import Agent, Settings
"""

from .agent import Agent
from .settings import Settings, SettingsError
from .times import Times

__version__ = "0.1.0"
__all__ = ("Agent", "Settings", "SettingsError", "Times", "__version__")
