"""A coroutine whose turns are seen: each goes from one `await` that waits to the next."""


class Turns:
    """Wraps a coroutine. A subclass says what a turn is in `turn`."""

    def __init__(self, job):
        self._job = job

    def around(self, kind):
        """Let a kind of Turns see each turn inside of this one, which needs memory itself."""
        self._job = kind(self._job)
        return self

    def send(self, value):
        return self.turn(self._job.send, value)

    def throw(self, error):
        return self.turn(self._job.throw, error)

    def close(self):
        self._job.close()

    def turn(self, go_on, value):
        """Carry out a turn: what go_on(value) hands back, or raises."""
        raise NotImplementedError
