"""The parts of an agent, built from the ground up: each uses only those that are built before it.

Loaded for that alone.
"""

import time
from binascii import hexlify
from hashlib import sha256

from micropython import const

from .credentials import Credentials
from .frameio_api import FrameioApi
from .identity import Identity
from .link import Link
from .net.endpoint import Endpoint
from .net.http_client import HttpClient
from .poller import Poller
from .proof import Proof
from .requests import Requests
from .schedule import Schedule
from .session import Session

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from .core import Core


class Parts:
    """What an agent calls of them. tokens: the Tokens, or None with a fixed token.

    settings: a Settings. Raises Untrusted if its trust roots can't be used.
    """

    def __init__(self, core: Core, settings) -> None:
        roots = settings.trust_roots if settings.scheme == "https" else None
        self.endpoint = endpoint = Endpoint(settings.host, settings.port, roots)
        self.http = http = HttpClient(endpoint, core.times)
        schedule = Schedule(core.times, time.ticks_ms())
        proof = Proof(core, schedule)
        endpoint.before_look_up = proof.before_look_up  # type: ignore[assignment]  # None so far
        self.requests = requests = Requests(core, schedule, proof, settings.tls_sessions)
        self.tokens = tokens = None
        token = settings.access_token
        if token:
            key = hexlify(sha256(token.encode()).digest()).decode()
            credentials = Credentials(core, token, key, "token_refused")
        else:
            from .tokens import Tokens  # only now: a fixed token needs none

            credentials = self.tokens = tokens = Tokens(core, requests, http, settings)
        self.credentials = credentials
        self.link = link = Link(core, endpoint, proof)
        identity = Identity(core, credentials)
        self.api = api = FrameioApi(http, settings.client_version)
        self.poller = poller = Poller(core, requests, api, credentials, identity, link)
        self.session = Session(core, requests, credentials, identity, poller, link)
        if tokens is not None:
            tokens.on_changed = self.session.tokens_changed
