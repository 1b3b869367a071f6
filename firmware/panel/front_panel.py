"""What the user sees and touches: light, screen and button together. Each may be missing."""

import asyncio

from micropython import const

from pilotlight.credentials import NotAuthorized
from pilotlight.net.deadline import TimedEvent

from ..indication import Indication
from ..timestamps import beat_ms
from ..unload import unload

# Brightness in percent. A press takes the next higher one, and after the highest comes dark: so one
# press hides a bright light.
LEVELS = const((0, 5, 30, 100))
_HOLD_AGAIN_MS = const(10_000)
_RELEASE_MS = const(20)
_MESSAGE_MS = const(4_000)
_STUCK_MS = const(120_000)
_RECORD = const("brightness")
_SETUP_STATES = const(("no_network", "no_backend"))  # not online because of the network


class FrontPanel:
    """The front panel.

    light: a StatusLight, or None. screen: a Screen, or None. button: its machine.Pin, or None.
    storage: has load(name) and save(name, record); it keeps the brightness.
    brightness: percent, if none is stored. log(line): writes a line for the maintainer.
    reset(): restarts the board, for setup mode; None: it has no setup mode. It may be set later.
    on_press(kind): an application's action for `short`, `double` or `hold`, asked first; True: it
    has done what there is to do. None: there is no application. It may be set later.
    """

    reset = None
    on_press = None

    def __init__(self, light, screen, button, storage, brightness: int, log) -> None:
        self._light = light
        self._screen = screen
        self._button = button
        self._storage = storage
        self._log = log
        self._hold = TimedEvent()
        self._indication: Indication | None = None
        # The light is dark while what follows a hold is awaited, because there may be no screen.
        self._is_dark = False
        self.brightness = self._stored(brightness)
        self._apply_brightness()

    def show(self, indication: Indication) -> None:
        """Show an indication."""
        self._indication = indication
        self._update_light()
        if self._screen is not None:
            self._screen.show(indication)

    def jobs(self, agent, event_log, check_in=None) -> list:
        """The coroutines that run light, screen and button, each for ever.

        agent: the pilotlight.Agent that the button pairs. event_log: the EventLog that a double
        press shows. check_in(name, within_ms): the watchdog's, or None.
        """
        self._agent = agent
        self._event_log = event_log
        jobs = [self._look_after(check_in)]
        if self._screen is not None:
            jobs.append(self._screen.run())
        if self._button is not None:
            from .button import Button  # only where there is one

            jobs.append(Button(self._button, self.press, self.double_press, self._hold.set).run())
            jobs.append(self._handle_holds())
        return jobs

    def go_dark(self) -> None:
        """Switch light and screen off, because the firmware ends and they would be outdated."""
        if self._light is not None:
            self._light.show("off", (0, 0, 0))
        if self._screen is not None:
            self._screen.go_dark()

    def press(self) -> None:
        """A short press: wake a dimmed screen, else take the next brightness."""
        woken = self._screen is not None and self._screen.wake()
        if (woken and self.brightness) or self._is_taken("short"):
            return
        higher = [level for level in LEVELS if level > self.brightness]
        self.set_brightness(higher[0] if higher else 0)

    def double_press(self) -> None:
        """Two short presses in a row: show the event log on the screen."""
        if self._leave_dark() or self._is_taken("double") or self._screen is None:
            return
        self._screen.wake()
        self._screen.show_log(self._event_log.in_words())

    def set_brightness(self, percent: int) -> None:
        """Set and store the brightness of light and screen, 0 (dark) to 100 percent."""
        if percent == self.brightness:
            return
        self.brightness = percent
        self._apply_brightness()
        try:
            self._storage.save(_RECORD, {"percent": percent})
        except (OSError, MemoryError) as error:
            self._log("the brightness could not be stored: %s" % error)

    def _is_taken(self, kind: str) -> bool:
        return self.on_press is not None and self.on_press(kind)

    def _leave_dark(self) -> bool:
        """If the brightness is 0, set the lowest level and return True.

        In the dark the user sees no code, nor what a hold would do. So the first press only brings
        back the light.
        """
        if self.brightness:
            return False
        self.set_brightness(LEVELS[1])
        return True

    def _apply_brightness(self) -> None:
        if self._light is not None:
            self._light.set_brightness(self.brightness)
        if self._screen is not None:
            self._screen.set_brightness(self.brightness)

    def _stored(self, default: int) -> int:
        try:
            record = self._storage.load(_RECORD)
        except OSError as error:
            self._log(str(error))
            record = None
        percent = record.get("percent") if record else None
        if isinstance(percent, int) and not isinstance(percent, bool) and 0 <= percent <= 100:
            return percent
        if record is not None:
            self._log("what is stored as brightness can't be used: it is no percentage")
        return default

    async def _look_after(self, check_in) -> None:
        """Update the light every few seconds, and tell if the screen does not answer.

        A timer's callback is lost if the interrupt queue is full (eight on an ESP32); then the
        light would stand still.
        """
        is_missing = False
        while True:
            if check_in is not None:
                check_in("panel", _STUCK_MS)
            await asyncio.sleep_ms(beat_ms())
            self._update_light()
            if self._screen is not None and self._screen.is_missing != is_missing:
                is_missing = not is_missing
                self._event_log.note("screen", "no_answer" if is_missing else "answers")
                text = "does not answer: check its wires and address, or the key screen"
                self._log(
                    "the screen at %s %s"
                    % (self._screen.address, text if is_missing else "answers")
                )

    def _update_light(self) -> None:
        if self._light is None or self._indication is None:
            return
        if self._is_dark:
            self._light.show("off", (0, 0, 0))
        else:
            self._light.show(self._indication.pattern, self._indication.rgb)

    async def _handle_holds(self) -> None:
        """A hold cancels a pairing that is under way, or starts one.

        On a paired device, a second hold soon after ends the pairing and starts a new one.
        On a board with Wi-Fi that is not online because of the network, a hold opens setup mode
        instead: neither pairing nor the revocation of a token would get through there.
        """
        while True:
            self._is_dark = False
            self._hold.clear()  # drop holds during the last action
            if not await self._hold.wait() or self._leave_dark():
                continue
            status = self._agent.status
            try:
                if self._is_taken("hold"):
                    continue
                if status.state in _SETUP_STATES and self.reset is not None:
                    from ..network.stored_networks import leave_note  # the reset unloads it

                    leave_note(self._storage)
                    self._is_dark = True
                    self.go_dark()
                    # Held over the reset, it would lead to the safe mode.
                    while not self._button.value():
                        await asyncio.sleep_ms(_RELEASE_MS)
                    self.reset()
                elif status.user_code is not None:
                    self._agent.cancel_pairing()
                elif not status.authorized or await self._is_held_again():
                    # Not start_pairing alone, because a device whose token is refused is still
                    # paired.
                    await self._agent.unpair(pair_again=True)
            except NotAuthorized as error:
                self._log(str(error))
                self._show_message("fixed_token", _MESSAGE_MS)
            except OSError as error:
                self._log(str(error))
            except MemoryError:
                pass  # the user will hold it again

    async def _is_held_again(self) -> bool:
        self._hold.clear()
        self._show_message("hold_again", _HOLD_AGAIN_MS)
        self._is_dark = True
        self._update_light()
        try:
            return await self._hold.wait(_HOLD_AGAIN_MS)
        finally:
            self._is_dark = False
            self._update_light()

    def _show_message(self, message: str, ms: int) -> None:
        if self._screen is not None:
            self._screen.wake()
            from ..strings import MESSAGES  # large, and needed for a moment

            title, text = MESSAGES[message]
            unload("firmware.strings")
            self._screen.message(title, text, ms)
