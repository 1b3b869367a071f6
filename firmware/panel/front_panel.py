"""What the user sees and touches, put together: light, screen and button. Each may be missing."""

import asyncio

from micropython import const

from pilotlight.credentials import NotAuthorized

from ..indication import Indication
from ..strings import MESSAGES

# Brightness in percent. A press takes the next one above; behind the brightest comes the dark, so one press hides a bright light.
LEVELS = const((0, 5, 30, 100))
_HOLD_AGAIN_MS = const(10_000)
_MESSAGE_MS = const(4_000)
_MEND_MS = const(5_000)
_STUCK_MS = const(120_000)
_RECORD = const("brightness")


class FrontPanel:
    """light: a StatusLight, or None. screen: a Screen, or None. button: its pin, or None. storage: keeps the brightness.

    brightness: percent, if none was kept. note: a line for the maintainer.
    """

    def __init__(self, light, screen, button, storage, brightness: int, note) -> None:
        self._light = light
        self._screen = screen
        self._button = button
        self._storage = storage
        self._note = note
        self._holds = asyncio.Event()
        self._indication: Indication | None = None
        self._asks = False  # for a second hold: the light is dark, for it may be all that there is
        self.brightness = self._kept(brightness)
        self._set_brightness()

    def show(self, indication: Indication) -> None:
        """Show a indication."""
        self._indication = indication
        self._light_up()
        if self._screen is not None:
            self._screen.show(indication)

    async def run(self, agent, log, due=None) -> None:
        """Look after light, screen and button, for ever.

        agent: what the button pairs. log: what the screen shows on a double press. due: for a watchdog, as Agent's.
        """
        self._agent = agent
        self._log = log
        jobs = [self._mend_light(due)]
        if self._screen is not None:
            jobs.append(self._screen.run())
        if self._button is not None:
            from .button import Button  # only where there is one

            jobs.append(Button(self._button, self.press, self.double_press, self._holds.set).run())
            jobs.append(self._obey_holds())
        await asyncio.gather(*jobs)

    def go_dark(self) -> None:
        """The firmware ends: what they show would be true no more."""
        if self._light is not None:
            self._light.show("off", (0, 0, 0))
        if self._screen is not None:
            self._screen.go_dark()

    def press(self) -> None:
        """A short press: a screen that has dimmed wakes; else the next brightness."""
        woken = self._screen is not None and self._screen.wake()
        if woken and self.brightness:
            return
        above = [level for level in LEVELS if level > self.brightness]
        self.set_brightness(above[0] if above else 0)

    def double_press(self) -> None:
        """Two in a row: the log on the screen."""
        if self._screen is not None and not self._was_dark():
            self._screen.wake()
            self._screen.show_log(self._log.lines(short=True))

    def _was_dark(self) -> bool:
        """In the dark nobody sees a code, nor what a hold would do: then it brings back the light, and that is all."""
        if self.brightness:
            return False
        self.set_brightness(LEVELS[1])
        return True

    def set_brightness(self, percent: int) -> None:
        """Brightness of light and screen, 0 (dark) to 100 percent; kept over a restart."""
        if percent == self.brightness:
            return
        self.brightness = percent
        self._set_brightness()
        try:
            self._storage.save(_RECORD, {"percent": percent})
        except (OSError, MemoryError) as error:
            self._note("the brightness could not be stored: %s" % error)

    def _set_brightness(self) -> None:
        if self._light is not None:
            self._light.set_brightness(self.brightness)
        if self._screen is not None:
            self._screen.set_brightness(self.brightness)

    def _kept(self, brightness: int) -> int:
        try:
            record = self._storage.load(_RECORD)
        except OSError as error:
            self._note(str(error))
            record = None
        percent = record.get("percent") if record else None
        return percent if isinstance(percent, int) and 0 <= percent <= 100 else brightness

    async def _mend_light(self, due) -> None:
        """A timer's callback is lost when the interrupts' queue is full (eight on an ESP32), and then the light stands still."""
        while True:
            if due is not None:
                due("panel", _STUCK_MS)
            await asyncio.sleep_ms(_MEND_MS)
            self._light_up()

    def _light_up(self) -> None:
        if self._light is None or self._indication is None:
            return
        if self._asks:
            self._light.show("off", (0, 0, 0))
        else:
            self._light.show(self._indication.pattern, self._indication.rgb)

    async def _obey_holds(self) -> None:
        """A long press cancels a pairing, or begins one where there is none; a second one soon after ends a working one."""
        while True:
            self._holds.clear()  # the impatient ones, too
            await self._holds.wait()
            if self._was_dark():
                continue
            status = self._agent.status
            try:
                if status.user_code is not None:
                    self._agent.cancel_pairing()
                elif not status.authorized or await self._held_again():
                    # Not just start_pairing: a device whose token is refused is paired still.
                    await self._agent.unpair(pair_again=True)
            except NotAuthorized as error:
                self._note(str(error))
                self._say("fixed_token", _MESSAGE_MS)
            except MemoryError:
                pass  # the user will hold it again

    async def _held_again(self) -> bool:
        self._holds.clear()
        self._say("hold_again", _HOLD_AGAIN_MS)
        self._asks = True
        self._light_up()
        try:
            await asyncio.wait_for_ms(self._holds.wait(), _HOLD_AGAIN_MS)
        except asyncio.TimeoutError:
            return False
        finally:
            self._asks = False
            self._light_up()
        return True

    def _say(self, message: str, ms: int) -> None:
        if self._screen is not None:
            self._screen.wake()
            title, text = MESSAGES[message]
            self._screen.message(title, text, ms)
