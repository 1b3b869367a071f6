"""The start and the end of a command: its arguments, and one sentence where it can't be done."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from typing import NoReturn

WRONG_ARGUMENTS, REFUSED, INTERRUPTED = 2, 1, 130  # exit codes


class Refused(Exception):
    """It can't be done; the text is one sentence that says what to do."""


class CommandLine(argparse.ArgumentParser):
    """Arguments of a command; one that can't be used is a sentence, without the usage.

    module: as `python -m` takes it. target: of make, whose variables have the options' names.
    """

    def __init__(self, module: str, description: str | None, target: str = "") -> None:
        super().__init__(
            prog=f"python -m {module}",
            description=description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        self._target = target

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end."""
        message = message.removeprefix("argument ")
        if self._target:
            message = re.sub(r"^--([a-z-]+)", _variable, message)
        name = f"make {self._target}" if self._target else self.prog
        self.exit(WRONG_ARGUMENTS, f"{name}: {message}\n")


def _variable(option: re.Match[str]) -> str:
    return option[1].replace("-", "_").upper()


def seconds(text: str) -> float:
    """An argument's type."""
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds; it is such as 20")
    return value


def say(text: str) -> None:
    """A line for the user."""
    print(text, flush=True)


def exit_code(target: str, job: Callable[[], None], stopped: str = "") -> int:
    """Do the job of a make target; its exit code. stopped: what is true after Ctrl-C."""
    try:
        job()
    except Refused as error:
        print(f"make {target}: {error}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        if stopped:
            say(f"\nstopped; {stopped}")
        return INTERRUPTED
    return 0
