"""The agent's walk to `serving` and back: its states and what leads from one to the next. One table. Pure.

Each state is a method of Agent that does one thing and answers with one of the outcomes listed here; nothing else moves the walk.
README's diagram is generated from this table.
"""

WALK = {
    "waiting_for_network": {"network up": "setting_clock"},
    "setting_clock": {"clock set": "authorizing", "failed": "backing_off"},
    "authorizing": {"device known": "connecting", "device unknown": "identifying", "token refused": "refused"},
    "identifying": {"identified": "connecting", "token refused": "refused", "failed": "backing_off"},
    "connecting": {"upgraded": "joining", "failed": "backing_off"},
    "joining": {"joined": "serving", "join refused": "backing_off", "link lost": "backing_off"},
    "serving": {"channel lost": "rejoining", "link lost": "backing_off"},
    "rejoining": {"joined": "serving", "gave up": "backing_off", "link lost": "backing_off"},
    "backing_off": {"try again": "waiting_for_network"},
    "refused": {"accepted": "authorizing", "try again": "refused"},
}
FIRST = "waiting_for_network"
