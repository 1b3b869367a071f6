"""What tests on both interpreters need and MicroPython has not: `raises`."""


class raises:
    """`with raises(SomeError) as caught:`: the block must raise it; then see `caught.error`."""

    def __init__(self, kind):
        self.kind = kind
        self.error = None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        assert error is not None, "nothing was raised, %s was expected" % self.kind.__name__
        self.error = error
        return isinstance(error, self.kind)
