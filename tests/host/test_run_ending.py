"""A signal ends `make run` where the main thread waits, and nowhere else."""

import os
import signal
from collections.abc import Iterator

import pytest

from tools.run.ending import Ending


@pytest.fixture
def ending() -> Iterator[Ending]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    handlers = [signal.getsignal(number) for number in numbers]
    made = Ending()
    made.install()
    yield made
    for number, handler in zip(numbers, handlers, strict=True):
        signal.signal(number, handler)


def press_ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_a_signal_at_any_other_time_is_kept(ending: Ending) -> None:
    press_ctrl_c()  # raises nothing: a lock may be held here
    assert ending.has_begun
    with pytest.raises(KeyboardInterrupt), ending.interruptible():
        raise AssertionError("not reached")
    with ending.interruptible():
        press_ctrl_c()  # it is raised once only


def test_a_wait_is_ended(ending: Ending) -> None:
    with ending.interruptible():
        pass
    with pytest.raises(KeyboardInterrupt), ending.interruptible():
        press_ctrl_c()


def test_further_signals_hurry(ending: Ending) -> None:
    calls: list[int] = []
    ending.hurry.append(lambda: calls.append(1))
    press_ctrl_c()
    assert calls == []
    press_ctrl_c()
    press_ctrl_c()
    assert calls == [1, 1]


def test_a_run_that_has_ended_raises_nothing(ending: Ending) -> None:
    press_ctrl_c()
    ending.settle()
    with ending.interruptible():
        press_ctrl_c()
