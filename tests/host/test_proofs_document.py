"""docs/proofs.md: what its generator refuses, and that enough holds without a bound."""

import pytest

from tools.generate import proofs

GOOD = """It holds,
    always.

    Of: lib/pilotlight/net/utf8.py
    For: all texts
    By: enumeration
"""


def test_a_proof_is_read_from_its_docstring() -> None:
    one = proofs.proof("test_a.py::test_b", GOOD)
    assert one.statement == "It holds, always." and not one.is_bounded
    assert proofs.proof("t", GOOD.replace("For: all", "Within: short")).is_bounded
    page = proofs.page([one], {}, "2026-11-27")
    assert (
        "| It holds, always. | all texts | enumeration | `lib/pilotlight/net/utf8.py` | - |" in page
    )
    assert "| 12 |" in proofs.page([one], {"test_a.py::test_b": 12.3}, "2026-11-27")


@pytest.mark.parametrize(
    ("old", "new"),
    [("By: ", ""), ("Of: ", "About: "), ("net/utf8.py", "gone.py"), ("For: all", "For: short")],
)
def test_a_docstring_that_is_no_proof_s_is_refused(old: str, new: str) -> None:
    with pytest.raises(ValueError, match=r"test_a\.py"):
        proofs.proof("test_a.py::test_b", GOOD.replace(old, new))


def test_enough_holds_for_all_inputs() -> None:
    found = proofs.proofs()
    assert len({one.test for one in found}) == len(found)
    assert sum(not one.is_bounded for one in found) >= 10
