"""What the states and reasons mean, and what to do. Pure. It is large: load it for a moment only.

Plain sentences for a user on a film set who has not read a manual. The screen shows them, and
those at the top of screen/pages.py.
"""


class Table:
    """Lines of `key|text|text`. Reads like a dict of tuples of texts, in a third of its memory."""

    def __init__(self, lines: str) -> None:
        self._lines = lines

    def get(self, key: str, otherwise=None):
        """The texts of a key as a tuple, or `otherwise`."""
        start = self._lines.find("\n" + key + "|") + 1
        if not start:
            return otherwise
        return tuple(self._lines[start + len(key) + 1 : self._lines.find("\n", start)].split("|"))

    def __getitem__(self, key: str):
        texts = self.get(key)
        if texts is None:
            raise KeyError(key)
        return texts

    def __iter__(self):
        for line in self._lines.strip().split("\n"):
            yield line[: line.find("|")]


# state → (title, what it is, what to do), for states with a page of text. A reason replaces the
# last two.
PAGES = Table("""
fault|Fault|Something is broken|Read the console or log
starting|Starting|Please wait|
no_network|No network|No link or no address|Check Wi-Fi
no_backend|Connected: No|Frame.io does not answer|Wait: it tries again
unpaired|Not paired|This device is not paired|Hold the button to pair
joining|Going online|Please wait|
""")

# reason → (what it is, what to do); each fits on two rows of a small screen
REASONS = Table("""
config|The configuration can't be used|Correct config.json
too_little_memory|Too little memory on this chip|Use the frozen build, memory.md
safe_mode|The firmware has crashed repeatedly|Wait 10 min; see crash.txt
name|Frame.io's name was not found|Check DNS and internet access
refused|The connection was refused|Check the firewall
no_route|No way to Frame.io from this network|Check its internet access
timeout|No answer in time|Check internet access, firewall
reset|The connection was cut|Wait: it tries again
io|The connection failed|Wait: it tries again
certificate|This may not be the real Frame.io|Look for a portal or a proxy
host_name|The server is not called Frame.io|Look for a portal or a proxy
expired|Certificate expired or clock wrong|Check the clock
clock|The time is not known|Let NTP through, or set the clock
tls|The secure connection failed|Look for a proxy that opens TLS
memory|Out of memory for the connection|Wait; restart if it stays
protocol|The answer made no sense|Look for a proxy in between
too_large|The answer was too large|Look for a proxy in between
upgrade_refused|Frame.io refused the live connection|Wait; check firewall, proxy
join_refused|Frame.io refused the channel|Wait; pair again if it stays
closed|The connection ended|Wait: it tries again
no_reply|The connection went silent|Check the Wi-Fi signal
channel_lost|Frame.io ended the channel|Wait: it tries again
device_changed|The pairing moved to another device|Wait: it tries again
portal|Something answers in Frame.io's place|Sign in to the network's portal
server_error|Frame.io has trouble|Wait: it tries again
http_error|Frame.io gave an odd answer|Wait; look for a proxy
rate_limited|Frame.io asks for patience|Wait: it tries again
token_refused|Frame.io no longer accepts this device|Pair again, or set a new token
paused_unknown|Frame.io does not say whether paused|Wait: it asks again
not_stored|Can't store what a restart needs|Make room in its memory
code_requested|A code is on its way|Please wait
http_fallback|By HTTP only: a pause shows late|Let websockets pass the firewall
not_paired|This device is not paired|Hold the button to pair
cancelled|The pairing was cancelled|Hold the button to pair
pairing_timeout|Nobody typed in the code|Hold the button to pair
access_denied|Frame.io said no to the pairing|Hold the button to pair
client_refused|Frame.io does not know this model|Check client secret and id
unpaired|This device was unpaired|Hold the button to pair
pairing_ended|Frame.io has ended the pairing|Hold the button to pair
refresh_lost|A bad connection lost the pairing|Hold the button to pair
authorization_expired|The pairing's time is over|Hold the button to pair
setup_mode|It waits for a phone to set its Wi-Fi|Join the Wi-Fi that it shows
no_wifi_settings|No Wi-Fi network is set|Set its name and password
wifi_not_found|The Wi-Fi network was not found|Check its name, range and 2.4 GHz
wifi_password|The Wi-Fi refused the password|Check the Wi-Fi password
wifi_security|The Wi-Fi's security does not match|It must be WPA2 or WPA3
wifi_failed|The Wi-Fi connection failed|Wait: it tries again
wifi_lost|The Wi-Fi connection was lost|Go nearer to the access point
no_address|The network gave no address|Check its DHCP
no_cable|No network cable is connected|Plug it in; check the switch
""")

# what to do in place of a row that names the button, on a board without one
WITHOUT_BUTTON = "Restart it to pair"

# the screen's answer to the button → (title, text); set_up → (title, what to do with the name, and
# with the password, and with the QR code in two parts; how to begin)
MESSAGES = Table("""
set_up|Set up Wi-Fi|Join with a phone:|with the password|Scan to|set up Wi-Fi|Or hold the button
hold_again|Unpair?|Hold again to unpair this device and show a new code
fixed_token|Not possible|This device has a fixed token: there is nothing to pair
""")
