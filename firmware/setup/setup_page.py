"""The page of setup mode as HTML, in pieces. It works without JavaScript, and names no password."""

# %s: title, nonce.
_TOP = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>%s</title>
<style nonce="%s">
body{font:18px/1.4 sans-serif;max-width:26em;margin:0 auto;padding:1em;color:#111;background:#fff;
overflow-wrap:anywhere}h1{font-size:1.4em}label{display:block}label,summary{margin-top:.8em}
input,select,button{font:inherit;width:100%%;box-sizing:border-box;padding:.5em;color:#111;
background:#fff;border:1px solid #555;border-radius:6px}
button{margin-top:1em;color:#fff;background:#0b4fc4;border:0}
.quiet{color:#0b4fc4;background:#fff;border:1px solid #0b4fc4}
.failed{border:2px solid #b00020;border-radius:6px;padding:.5em}
</style>"""
# Polls, because the radio changes its channel during a try, and a phone may be away for a moment.
_BUSY = """<noscript><meta http-equiv="refresh" content="5"></noscript>
<script nonce="%s">setInterval(()=>fetch("/state").then(r=>r.text()).then(
t=>t=="busy"||location.replace("/")).catch(()=>0),2000)</script></head><body><main><h1>%s</h1>
<p role="status">Please wait: this takes up to a minute. If your phone leaves the Wi-Fi %s, join it
again, and open http://%s/ if this page does not go on by itself.</p></main></body></html>"""
_DONE = """</head><body><main><h1>Connected to %s</h1>
<p role="status">The device remembers this Wi-Fi, and restarts now. Put your phone back on its own
Wi-Fi. If the device is not paired with Frame.io yet, it shows a code next.</p></main></body></html>
"""
_FORM = """</head><body><main><h1>Wi-Fi for this device</h1>%s
<form method="post" action="/"><input type="hidden" name="token" value="%s">
<label for="ssid">Network</label><select id="ssid" name="ssid">"""
_OPTION = '<option value="%s"%s>%s: %s signal%s</option>'
_FIELDS = """<option value="">Another one</option></select>
<label for="other">Its name, if it is hidden or not in the list</label>
<input id="other" name="other" maxlength="32" autocapitalize="none" autocomplete="off">
<label for="password">Password (empty: an open network)</label>
<input id="password" name="password" type="password" maxlength="64" autocomplete="off">
<details><summary>Fixed address: only if the network's owner gave you one</summary>
<label for="address">Address, such as 192.168.1.20/24</label>
<input id="address" name="address" maxlength="18" autocomplete="off">
<label for="gateway">Gateway</label>
<input id="gateway" name="gateway" maxlength="15" autocomplete="off">
<label for="dns">DNS server</label><input id="dns" name="dns" maxlength="15" autocomplete="off">
</details><button>Connect</button>
<button class="quiet" name="scan">Search for networks again</button>"""
_FORGET = '<button class="quiet" name="forget" value="%s">Forget %s</button>'


def escaped(text: str) -> str:
    """Text from outside, safe in HTML and in a quoted attribute."""
    for raw, safe in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(raw, safe)
    return text


def pieces(setup, token: str, address: str):
    """The page for the SetupMode as it is now, in pieces. token: of its forms."""
    yield _TOP % (setup.name, token)
    chosen = escaped(setup.chosen)
    if setup.is_done:
        yield _DONE % chosen
        return
    if setup.is_busy:
        title = "Trying %s" % chosen if chosen else "Searching for networks"
        yield _BUSY % (token, title, setup.name, address)
        return
    words = setup.failure
    if words:
        title = "Not connected to %s. " % chosen if chosen else ""
        words = '<p class="failed" role="alert">%s%s</p>' % (title, escaped(words))
    yield _FORM % (words, token)
    for ssid, rssi, is_open in setup.found:
        strength = "strong" if rssi >= -60 else "fair" if rssi >= -75 else "weak"
        name = escaped(ssid)
        selected = " selected" if ssid == setup.chosen else ""
        yield _OPTION % (name, selected, name, strength, ", open" if is_open else "")
    yield _FIELDS
    if setup.known:
        yield "<details><summary>It knows: %s</summary>" % escaped(", ".join(setup.known))
        for ssid in setup.known:
            yield _FORGET % (escaped(ssid), escaped(ssid))
        yield "</details>"
    if setup.built_in:
        yield "<p>It always knows: %s</p>" % escaped(", ".join(setup.built_in))
    yield "</form></main></body></html>"
