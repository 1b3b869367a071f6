"""All wording: what the states and reasons mean, and what to do. Pure.

Plain sentences for somebody on a set who did not read a manual. A screen shows them; README's ladder is generated from STATES.
"""

# state → (when, what the user does)
STATES = {
    "fault": ("unusable configuration or trust roots, safe mode", "reads screen, console or log"),
    "starting": ("nothing known yet, at most 3 s", "nothing"),
    "no_network": ("no link or address", "checks Wi-Fi"),
    "pairing": ("a code is shown", "enters the code in Frame.io"),
    "no_backend": ("network, but Frame.io does not answer", "waits; checks firewall, portal, clock"),
    "unpaired": ("no authorization, and no code shown", "presses the button, restarts, or brings a new token"),
    "joining": ("Frame.io answers; not joined and verified yet", "waits"),
    "paused": ("online, and paused in Frame.io", "nothing: only Frame.io can resume"),
    "online": ("joined, or kept online by HTTP", "nothing"),
}

# reason → (what it is, what to do)
REASONS = {
    "config": ("the configuration can't be used", "correct config.json"),
    "name": ("Frame.io's name was not found", "check DNS and the network's internet access"),
    "refused": ("the connection was refused", "check firewall and address"),
    "no_route": ("there is no way to Frame.io from this network", "check the network's internet access"),
    "timeout": ("no answer in time", "check the network's internet access and firewall"),
    "reset": ("the connection was cut", "wait; it is tried again"),
    "io": ("the connection failed", "wait; it is tried again"),
    "certificate": ("the server can't prove that it is Frame.io", "check for a proxy or portal that opens TLS"),
    "host_name": ("the server's certificate is for another name", "check for a proxy or portal that opens TLS"),
    "expired": ("the server's certificate has expired, or the clock is wrong", "check the clock"),
    "clock": ("the time is not known", "let NTP through, or set the clock"),
    "tls": ("the secure connection failed", "check for a proxy that opens TLS"),
    "memory": ("out of memory for the connection", "wait; restart if it stays"),
    "protocol": ("the answer was malformed", "check for a proxy in between"),
    "too_large": ("the answer was too large", "check for a proxy in between"),
    "upgrade_refused": ("Frame.io's socket refused the device", "wait; check firewall and proxy"),
    "join_refused": ("Frame.io refused the device's channel", "wait; pair again if it stays"),
    "closed": ("the connection ended", "wait; it is tried again"),
    "no_reply": ("the connection went silent", "check the radio; it is tried again"),
    "channel_lost": ("Frame.io ended the channel", "wait; it is tried again"),
    "device_changed": ("the authorization moved to another device", "wait; it is tried again"),
    "portal": ("something else answers in Frame.io's place", "sign in to the network's portal"),
    "server_error": ("Frame.io has trouble", "wait"),
    "http_error": ("Frame.io gave an unexpected answer", "wait; check for a proxy"),
    "rate_limited": ("Frame.io asks for patience", "wait"),
    "token_refused": ("Frame.io no longer accepts this device", "bring a new token"),
    "http_fallback": ("online by HTTP: Frame.io's socket can't be reached", "check firewall and proxy for websockets"),
    "not_paired": ("this device is not paired", "pair it"),
    "cancelled": ("the pairing was cancelled", "pair it"),
    "pairing_timeout": ("nobody typed in the code", "pair it"),
    "access_denied": ("the pairing was refused in Frame.io", "pair it"),
    "client_refused": ("Frame.io does not know this device's model", "check client_secret and client_id"),
    "unpaired": ("this device was unpaired", "pair it"),
    "pairing_ended": ("Frame.io has ended the pairing", "pair it"),
    "refresh_lost": ("the pairing was lost over a bad connection", "pair it"),
    "authorization_expired": ("the time for which this device was allowed is over", "pair it"),
}
