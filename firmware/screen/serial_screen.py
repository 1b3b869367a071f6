"""In a screen's place on a board without one: lines on the serial console, for a person."""

from pilotlight.net.deadline import TimedEvent

from ..text_output import log
from ..timestamps import beat_ms
from ..unload import unload

_AGAIN_MS = 16_000  # and on to the next beat: who opens the console must not wait for long
_CODE = "to pair, enter %s at %s (a code that ends is replaced here, for 10 min in all)"
_FRAME_IO = "Frame.io"


class SerialScreen:
    """Has what FrontPanel needs of a Screen. has_button, network: as for a Screen."""

    is_missing = False

    def __init__(self, has_button: bool, network=None) -> None:
        self._has_button = has_button
        self._has_setup = has_button and hasattr(network, "networks")
        self._indication = None
        self._reason = None  # the last one that was told
        self._changed = TimedEvent()

    def show(self, indication) -> None:
        """Tell a reason that is new, and a code again and again while there is one."""
        self._indication = indication
        self._changed.set()

    def message(self, title: str, text: str, ms: int) -> None:
        """Tell it once."""
        log("%s %s" % (title, text))

    def show_log(self, lines) -> None:
        """Tell these lines, the newest last."""
        for line in lines:
            log(line)

    def wake(self) -> bool:
        """False: it is never dimmed."""
        return False

    def set_brightness(self, percent: int) -> None:
        """Nothing to do."""

    def go_dark(self) -> None:
        """Nothing to do."""

    async def run(self) -> None:
        """Tell it, for ever."""
        while True:
            self._changed.clear()
            try:
                if self._tell():
                    await self._changed.wait(_AGAIN_MS + beat_ms())
                    continue
            except MemoryError:
                pass  # the next change is told
            await self._changed.wait()

    def _tell(self) -> bool:
        """Whether there is a code."""
        indication = self._indication
        if indication is None:
            return False
        if indication.reason != self._reason:
            self._reason = indication.reason
            if self._reason is not None:
                log(self._words(indication.state, self._reason))
        code = indication.user_code
        if code is None:
            return False
        log(_CODE % (code, indication.verification_uri or _FRAME_IO))
        return True

    def _words(self, state: str, reason: str) -> str:
        from ..strings import words_of  # large, and needed for a moment

        unload("firmware.strings")
        texts = words_of(state, reason, self._has_button, self._has_setup)[1]
        return " ".join(texts).replace(" >", ":")
