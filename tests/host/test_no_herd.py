"""After an event of the service no kind of request comes in step: 2,000 devices of `crowd`."""

import pytest

from tests.simulation import crowd, simulate

DEVICES = 2_000


@pytest.mark.parametrize("event", crowd.EVENTS)
def test_no_second_has_more_than_its_share(event: str) -> None:
    peaks = crowd.peaks(event, DEVICES)
    assert {"health", "upgrade"} <= peaks.keys()
    over = {
        kind: (share, second)
        for kind, (share, second) in peaks.items()
        if share > simulate.limit(event, kind, DEVICES)
    }
    assert over == {}
