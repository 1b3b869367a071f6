"""Frame.io's trust roots, read when one is needed and not kept: 4 kB of memory."""

from .unload import unload


class StoredRoots:
    """As a Settings' trust_roots: has a length, and is indexed.

    They are kept until `forget`, because the Agent's constructor looks at each.
    """

    def __init__(self) -> None:
        self._kept = _roots()
        self._count = len(self._kept)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, at: int) -> bytes:
        return (self._kept or _roots())[at]

    def forget(self) -> None:
        """From now on they are read when one is needed."""
        self._kept = ()


def _roots() -> tuple:
    from pilotlight.trust_roots import ROOTS

    unload("pilotlight.trust_roots")
    return ROOTS
