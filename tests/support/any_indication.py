"""An Indication of any state with any facts, also such as no device ever has."""


class Indication:
    """As firmware.indication.Indication, all well."""

    def __init__(self, state, **facts):
        self.state = state
        self.application = self.reason = self.name = self.expires_at = self.user_code = None
        self.verification_uri = self.verification_uri_complete = None
        self.connected, self.paused = True, False
        self.project, self.creator = "Testbed", "Ada Lovelace"
        for name, value in facts.items():
            setattr(self, name, value)
