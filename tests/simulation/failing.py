"""The one way to inject a fault into a call: no memory, a write or a storage that fails."""

import builtins

from pilotlight.net.deadline import TimedEvent


class Failing:
    """The next calls of a public function or method raise an error; later ones work as before.

        fault = Failing(Stream, "open", which=lambda stream: stream.is_device)
        ...
        assert not fault.left  # it has been raised

    owner: a module, a class or an object. name: of its function or method, never a private one.
    error: what is raised. times: how many calls raise it. which(*arguments): only calls for which
    it is true count; None: every call. left: how many calls have still to fail; 0 ends it.
    """

    def __init__(self, owner, name, error=MemoryError, times=1, which=None):
        assert name.startswith("__") or not name.startswith("_"), name
        self.left = times
        original = getattr(owner, name)

        def call(*arguments, **named):
            if self.left and (which is None or which(*arguments)):
                self.left -= 1
                raise error
            return original(*arguments, **named)

        setattr(owner, name, call)


def no_memory_to_import(name):
    """The next import of this module of pilotlight finds no memory."""

    def is_it(module, *_):
        return module.rpartition(".")[2] == name

    return Failing(builtins, "__import__", which=is_it)


def no_memory_to_wait(wait_ms):
    """The next wait for an event that lasts exactly so long at most finds no memory.

    A test names the wait by its length: it sets a time in Times that no other wait has.
    """
    return Failing(TimedEvent, "wait", which=lambda event, longest_ms=None: longest_ms == wait_ms)
