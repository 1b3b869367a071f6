"""Frame.io's token endpoints in memory: codes that a test types in, pairs that rotate, faults.

Rules: Frame.io's guides "How to: Authorize" and "How to: Manage Auth"; else RFC 8628.
"""

from tools.virtual_board.virtual_time import Clock

SECRET = "simulated-secret"
MARK = "simulated-token-"  # every token and device code begins so: a test looks for it in the log
CALLS = {"/v2/auth/device/code": "code", "/v2/auth/token": "token", "/v2/auth/revoke": "revoke"}
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_SLOW_DOWN_S = 5
_EARLY_MS = 500  # what the way may take from an interval


class Tokens:
    """The authorization of one device. What it does wrong are plain attributes.

    access_s, refresh_s, code_s: lives of what is issued from now on. interval_s: between two polls.
    characters: length of each token and device code.
    refuses: word with which the next requests of any kind are refused (400), or "".
    says: words with which the next polls of a pairing are answered, whatever is true.
    loses_refresh_answers, loses_token_answers: so many of the next refreshes, or of the polls that
    would bring tokens, are carried out, and no answer comes.
    removed: the device was removed in Frame.io: no token is good until it is paired again.
    lost_status: status with which the refresh of a removed or expired authorization is answered,
    401 or 400.
    user_codes: those that can be entered, the newest last. client_ids: all that were ever received.
    live: generation of the pair that is good, 0 for none; they count from 1 over all pairings.
    uses: how often the refresh token of each generation was sent.
    """

    def __init__(self):
        self.access_s = 8 * 3600
        self.refresh_s = 14 * 24 * 3600
        self.code_s = 120
        self.interval_s = 5
        self.characters = 64
        self.refuses = ""
        self.says = []
        self.loses_refresh_answers = 0
        self.loses_token_answers = 0
        self.removed = False
        self.lost_status = 401
        self.client_ids = set()
        self.uses = {}
        self._codes = []
        self._given = 0  # device codes
        self._issued = 0  # pairs
        self._pair = None

    @property
    def user_codes(self):
        return [
            code.user_code
            for code in self._codes
            if code.state == "pending" and Clock.now_ms < code.ends_ms
        ]

    @property
    def live(self):
        pair = self._pair
        return (
            0
            if pair is None or self.removed or Clock.now_ms >= pair.refresh_ends_ms
            else pair.generation
        )

    def life_left_percent(self, at_ms):
        """Of the access token in use, at this virtual ms."""
        pair = self._pair
        return 100 * (pair.access_ends_ms - at_ms) // max(1, pair.life_ms) if pair else 0

    @property
    def issued_ms(self):
        """When the pair in use was issued, or -1."""
        pair = self._pair
        return pair.access_ends_ms - pair.life_ms if pair else -1

    def expire(self):
        """The access token in use is good no more, long before its time."""
        if self._pair:
            self._pair.is_expired = True

    def enter(self, user_code, state="approved"):
        """The user types in a code; state `denied`: and then refuses.

        Raises ValueError if the code is not pending.
        """
        if user_code not in self.user_codes:
            raise ValueError("no such code is pending")
        for code in self._codes:
            if code.user_code == user_code:
                code.state = state

    def accepts(self, access_token):
        """Is this access token good?"""
        pair = self._pair
        return (
            bool(self.live)
            and access_token == pair.access_token
            and Clock.now_ms < pair.access_ends_ms
            and not pair.is_expired
        )

    def generation_of(self, refresh_token):
        """The generation with which this refresh token (or None) was issued; 0 if it never was."""
        head = len(MARK) + 1
        digits = (refresh_token or "")[head : head + 8]
        generation = int(digits) if len(digits) == 8 and digits.isdigit() else 0
        return generation if generation <= self._issued else 0

    def answer(self, call, form):
        """(status, body) for one of the CALLS and its url-encoded form (bytes).

        None if the answer is to be lost.
        """
        fields = _fields(form)
        if fields.get("client_secret") != SECRET or not fields.get("client_id"):
            return 400, {"error": "invalid_client"}
        self.client_ids.add(fields["client_id"])
        if self.refuses:
            return 400, {"error": self.refuses}
        if call == "code":
            return self._new_code(fields)
        if call == "revoke":
            return self._revoke(fields)
        if call == "token":
            answer = self._poll(fields)
            if answer[0] == 200 and self.loses_token_answers:
                self.loses_token_answers -= 1
                return None
        else:
            answer = self._refresh(fields)
            if answer[0] == 200 and self.loses_refresh_answers:
                self.loses_refresh_answers -= 1
                return None
        return answer

    def _new_code(self, fields):
        if sorted(fields.get("scope", "").split(" ")) != ["asset_create", "offline"]:
            return 400, {"error": "invalid_request"}
        self._given += 1
        code = _Code(
            self,
            fields["client_id"],
            self._text("c", self._given),
            "%06d" % (self._given * 7919 % 1_000_000),
        )
        self._codes = [code for code in self._codes if Clock.now_ms < code.ends_ms] + [code]
        uri = "https://next.frame.io/pair"
        return 200, {
            "device_code": code.device_code,
            "expires_in": self.code_s,
            "interval": self.interval_s,
            "user_code": code.user_code,
            "verification_uri": uri,
            "verification_uri_complete": uri + "/" + code.user_code,
        }

    def _poll(self, fields):
        if self.says:
            return 400, {"error": self.says.pop(0)}
        found = [code for code in self._codes if code.device_code == fields.get("device_code")]
        if not found or found[0].client_id != fields["client_id"] or found[0].state == "used":
            return 400, {"error": "invalid_grant"}
        code = found[0]
        if Clock.now_ms >= code.ends_ms:
            return 400, {"error": "expired_token"}
        if code.state == "denied":
            return 400, {"error": "access_denied"}
        if code.state == "approved":
            code.state = "used"
            self.removed = False
            return self._issue(code.client_id)
        early = Clock.now_ms < code.next_ms
        if early:
            code.interval_s += _SLOW_DOWN_S
        code.next_ms = Clock.now_ms + code.interval_s * 1000 - _EARLY_MS
        return 400, {"error": "slow_down" if early else "authorization_pending"}

    def _refresh(self, fields):
        generation = self.generation_of(fields.get("refresh_token"))
        self.uses[generation] = self.uses.get(generation, 0) + 1
        if 0 < generation < self._issued:
            return 400, {"error": "invalid_request"}  # it was used before
        pair = self._pair if self.live else None
        if (
            not pair
            or fields.get("refresh_token") != pair.refresh_token
            or fields["client_id"] != pair.client_id
        ):
            return self.lost_status, {"error": "invalid_grant"}
        return self._issue(fields["client_id"])

    def _revoke(self, fields):
        pair = self._pair
        if (
            pair
            and pair.client_id == fields["client_id"]
            and fields.get("token") in (pair.access_token, pair.refresh_token)
        ):
            self._pair = None
        return 200, {"success": True}

    def _issue(self, client_id):
        self._issued += 1
        self._pair = pair = _Pair(self, client_id, self._issued)
        return 200, {
            "access_token": pair.access_token,
            "refresh_token": pair.refresh_token,
            "expires_in": self.access_s,
            "token_type": "bearer",
        }

    def _text(self, kind, number):
        # It ends with what a client must encode.
        text = "%s%s%08d." % (MARK, kind, number)
        return text + "x" * (self.characters - len(text) - 4) + "~+/="


class _Code:
    def __init__(self, tokens, client_id, device_code, user_code):
        self.client_id = client_id
        self.device_code = device_code
        self.user_code = user_code
        self.state = "pending"
        self.interval_s = tokens.interval_s
        self.ends_ms = Clock.now_ms + tokens.code_s * 1000
        self.next_ms = 0


class _Pair:
    def __init__(self, tokens, client_id, generation):
        self.client_id = client_id
        self.generation = generation
        self.access_token = tokens._text("a", generation)
        self.refresh_token = tokens._text("r", generation)
        self.is_expired = False
        self.life_ms = tokens.access_s * 1000
        self.access_ends_ms = Clock.now_ms + self.life_ms
        self.refresh_ends_ms = Clock.now_ms + tokens.refresh_s * 1000


def call_of(target, form):
    """What is asked at this target: `code`, `token`, `refresh`, `revoke`, or None if not known."""
    call = CALLS.get(target)
    if call == "token" and _fields(form).get("grant_type") != _DEVICE_GRANT:
        return "refresh"
    return call


def _fields(form):
    fields = {}
    for pair in form.decode().split("&"):
        name, _, value = pair.partition("=")
        fields[name] = decoded(value)
    return fields


def decoded(text):
    """A field of a url-encoded form, or of a query."""
    first, *rest = text.replace("+", " ").split("%")
    return first + "".join([chr(int(part[:2], 16)) + part[2:] for part in rest])
