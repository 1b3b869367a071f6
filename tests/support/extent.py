"""How much of a large set is tested: all of it where WHOLE is set (`make check`), else a share
(`make test`), another one with each commit.
"""

import os

WHOLE = bool(os.getenv("WHOLE"))


def share(cases: "tuple | range", of: int) -> list:
    """One in `of` of these cases; or all."""
    part = int(os.getenv("SIMULATION_COMMIT") or "0", 16) % of
    return [case for number, case in enumerate(cases) if WHOLE or number % of == part]
