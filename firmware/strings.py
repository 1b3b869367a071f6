"""What the states and reasons mean, and what to do. Pure. It is large: load it for a moment only.

Plain sentences for a user on a film set who has not read a manual. The screen shows them, and the
labels of screen/pages.py.
"""

from micropython import const

_ANOTHER = const("Use another network")
# What stands in the tables for a text that comes often.
_OFTEN = (
    ("&", "Hold the button to pair"),
    ("*", _ANOTHER),
    ("+", "Wait: it tries again"),
)


class Table:
    """Lines of `key|text|text`. Reads like a dict of tuples of texts, in a third of its memory."""

    def __init__(self, lines: str) -> None:
        self._lines = lines

    def get(self, key: str, otherwise=None):
        """The texts of a key as a tuple, or `otherwise`."""
        start = self._lines.find("\n" + key + "|") + 1
        if not start:
            return otherwise
        line = self._lines[start + len(key) + 1 : self._lines.find("\n", start)]
        for sign, text in _OFTEN:
            line = line.replace(sign, text)
        return tuple(line.split("|"))

    def __getitem__(self, key: str):
        texts = self.get(key)
        if texts is None:
            raise KeyError(key)
        return texts

    def __iter__(self):
        for line in self._lines.strip().split("\n"):
            yield line[: line.find("|")]


# state → (title, what it is, what to do). A reason replaces the last two. The event log shows the
# title of a state without a reason.
PAGES = Table("""
fault|Fault||
starting|Starting|Please wait|
no_network|No network|Looking for the network|
pairing|Pairing||
no_backend|No Frame.io|Frame.io does not answer|+
unpaired|Not paired|Not paired with Frame.io|&
joining|Going online|Please wait|
paused|PAUSED|Clips made now stay on the card; only Frame.io resumes|
online|Online||
""")

# reason → (what it is, what to do); each fits on two rows of a small screen
REASONS = Table("""
config|The settings can't be used|See its console with a laptop
too_little_memory|Too little memory on this chip|Use another device
safe_mode|It has crashed again and again|Wait 10 min, or restart it
name|Frame.io is not found here|*
refused|Connection refused|*
no_route|This network has no internet|*
timeout|No answer from Frame.io|*
reset|Connection cut|+
io|Connection failed|+
certificate|This may not be the real Frame.io|*
host_name|Another server answers|*
expired|The clock may be wrong|Restart it
clock|The time is not known|*
tls|No secure connection|*
memory|Out of memory|Wait; restart if it stays
protocol|Answer makes no sense|*
too_large|Answer is too large|*
upgrade_refused|No live connection|*
join_refused|Frame.io does not let it in|Wait; pair again if it stays
closed|Connection ended|+
no_reply|The line went dead|Go nearer to the Wi-Fi
channel_lost|Frame.io ended the connection|+
device_changed|Paired as another device now|+
portal|This network wants a sign-in|*
server_error|Frame.io has trouble|+
http_error|An odd answer came|*
rate_limited|Frame.io asks for patience|+
token_refused|Frame.io no longer accepts this device|Pair again, or set a new token
paused_unknown|Frame.io does not say if it is paused|Look in Frame.io; it asks again
not_stored|Turned off, it may lose its pairing|Leave it on
network_not_stored|Can't store the network|Try again
code_requested|A code is on its way|Please wait
http_fallback|Slow link: pauses show late|*
not_paired|Not paired with Frame.io|&
cancelled|The pairing was cancelled|&
pairing_timeout|The code was not typed in|&
access_denied|Frame.io said no to the pairing|&
client_refused|Frame.io does not know this model|Tell the maker of this device
unpaired|This device was unpaired|&
pairing_ended|Frame.io has ended the pairing|&
refresh_lost|A bad connection lost the pairing|&
authorization_expired|The pairing has expired|&
setup_mode|A phone can set its Wi-Fi now|Join the Wi-Fi that it shows
no_wifi_settings|No Wi-Fi network is set|Set its name and password
wifi_not_found|The Wi-Fi network was not found|Check its name, range and 2.4 GHz
wifi_password|The Wi-Fi refused the password|Check the Wi-Fi password
wifi_security|The Wi-Fi's security does not match|It must be WPA2 or WPA3
wifi_failed|The Wi-Fi connection failed|+
wifi_lost|Wi-Fi lost|Go nearer to its access point
no_address|The network gave no address|Restart its router
no_cable|No network cable|Plug it in; check the switch
""")

# what to do in place of a row that names the button, on a board without one
WITHOUT_BUTTON = "Restart it to pair"

# what else to do where a hold opens setup mode
CHANGE_WIFI = "Hold the button to change the Wi-Fi"
_SETUP_STATES = const(("no_network", "no_backend"))  # as for panel/front_panel.py
# but not for these, which another network does not cure
_NOT_OF_THE_NETWORK = const(
    (
        "setup_mode",
        "code_requested",
        "memory",
        "expired",
        "not_stored",
        "server_error",
        "rate_limited",
        "client_refused",
    )
)

# the screen's answer to the button → (title, text); set_up → (title, what to do with the name, and
# with the password, and with the QR code in two parts)
MESSAGES = Table("""
set_up|Set up Wi-Fi|Join with a phone:|with the password|Scan to|set up Wi-Fi
hold_again|Unpair?|Hold again to unpair this device
fixed_token|Not possible|Its pairing is fixed in its settings
""")


def words_of(state: str, reason: str | None, has_button: bool, has_setup: bool) -> tuple:
    """(title, [what it is, what to do …]) of a state and its reason.

    has_setup: a hold of the button opens setup mode in _SETUP_STATES.
    """
    title, meaning, remedy = PAGES[state]
    texts, hint = [], ""
    if reason is not None:
        if state == "paused":
            texts.append(meaning)
        meaning, remedy = REASONS.get(reason) or (reason.replace("_", " "), remedy)
        if has_setup and state in _SETUP_STATES and reason not in _NOT_OF_THE_NETWORK:
            hint = CHANGE_WIFI
            if remedy == _ANOTHER or "button" in remedy:  # there a hold does not pair
                remedy = ""
    if "button" in remedy and not has_button:
        remedy = WITHOUT_BUTTON
    return title, texts + [meaning] + ["> " + text for text in (remedy, hint) if text]
