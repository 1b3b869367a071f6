"""What a vendor's own code is given of the firmware, and what it shows beside the device's state.

Loaded only for `app.run(extra=…)`. Example: examples/camera.py.
"""

from micropython import const

from .indication import LIGHTS, PATTERNS

_LONGEST_LINE = const(100)  # characters
_LONGEST_BADGE = const(4)

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from pilotlight import Agent

# As `online`, but told from it and every other one in any 1.5 s.
PATTERNS["blip"] = ((700, 100), (250, 0))
UPLOADING = ("blip", LIGHTS["online"][1])


class Shown:
    """What an application shows, at one moment. It becomes the DeviceStatus's `application`.

    line: a text of at most 100 characters for screen and console, such as "3 clips left, 40 %".
    badge: at most 4 characters beside the state, such as "3". light: (pattern, rgb) in place of the
    light of `online`, or None. pages: [(title, [row …]) …], the screen's pages behind the state's.
    """

    def __init__(self, line: str, badge: str, light, pages) -> None:
        self.line = line
        self.badge = badge
        self.light = light
        self.pages = pages


class Application:
    """The firmware's parts for a vendor's code, and its place on light, screen and console.

    agent: the pilotlight.Agent. storage: has load(name) and save(name, record), power-safe, for
    small records of your own; begin their names with your product's.
    network, clock: the board's.
    on_press: called as on_press(kind), kind `short`, `double` or `hold`, before the firmware's own
    action; True: there is no other action. A press that only wakes screen or light is not told. Or
    None, for the firmware's actions only. Set it in `extra`: it is read once, after that.
    """

    on_press = None

    def __init__(self, agent: Agent, storage, network, clock) -> None:
        self.agent = agent
        self.storage = storage
        self.network = network
        self.clock = clock

    def show(self, line: str = "", badge: str = "", is_uploading: bool = False, pages=()) -> None:
        """Show this from now on, in place of what was shown before.

        line: text for screen and console, cut to 100 characters, and on the screen to three rows,
        two of a small one; "" for none. badge: at most 4 characters for the screen, beside the
        state, and for the console. is_uploading: while the state is `online`, the light is green
        with a short gap each second. Every other state keeps its light: it matters more. pages:
        [(title, [row …]) …], shown on the screen behind the state's own pages.
        A call that changes nothing costs nothing. So give new lists; a changed one is not seen.
        Don't call it more often than once a second: a display needs that long.
        """
        light = UPLOADING if is_uploading else None
        line, badge = line[:_LONGEST_LINE], badge[:_LONGEST_BADGE]
        shown = self.agent.status.application
        if shown and (line, badge, light, pages) == (
            shown.line,
            shown.badge,
            shown.light,
            shown.pages,
        ):
            return
        self.agent.status.update(application=Shown(line, badge, light, pages))
