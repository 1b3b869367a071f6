"""States of device objects as values, without knowing their attributes; what can be reached."""

from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeVar

_T = TypeVar("_T", bound=Hashable)
Frozen = tuple[tuple[str, Any], ...]


def frozen(thing: Any) -> Frozen:
    """The state of an object whose attributes are immutable."""
    return tuple(sorted(vars(thing).items()))


def thawed(thing: Any, state: Frozen) -> Any:
    """The object, put into this state."""
    vars(thing).update(state)
    return thing


def reachable(starts: Iterable[_T], steps: Callable[[_T], Iterable[_T]]) -> set[_T]:
    """All states that the steps lead to, the starts included."""
    seen, todo = set(starts), list(starts)
    while todo:
        for state in steps(todo.pop()):
            if state not in seen:
                seen.add(state)
                todo.append(state)
    return seen


class Choices:
    """All ways through a program that asks `one_of` what happens next, one after another.

    for choices in Choices.all(): run(choices)
    """

    def __init__(self, script: list[int]) -> None:
        self._script = script
        self._taken: list[tuple[int, int]] = []  # (index, how many there were)

    def one_of(self, *options: Any) -> Any:
        """One of these options; each of them in one of the ways."""
        at = len(self._taken)
        index = self._script[at] if at < len(self._script) else 0
        self._taken.append((index, len(options)))
        return options[index]

    @classmethod
    def all(cls) -> Iterable["Choices"]:
        """One for each way. The program must run to its end before the next one is taken."""
        script: list[int] | None = []
        while script is not None:
            choices = cls(script)
            yield choices
            script = choices._following()

    def _following(self) -> list[int] | None:
        script = [index for index, _ in self._taken]
        while script:
            if script[-1] + 1 < self._taken[len(script) - 1][1]:
                script[-1] += 1
                return script
            script.pop()
        return None
