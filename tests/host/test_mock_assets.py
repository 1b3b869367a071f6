"""The mock's first call of an upload, and its pauses."""

import http.client
import json
from typing import Any

from tools.mock_frameio.assets import CHANNEL_PAUSED
from tools.mock_frameio.pauses import Pauses
from tools.rig import TOKEN, Mock, Rig

CLIP = {"name": "A001.mp4", "filetype": "video/mp4", "filesize": 1, "offset": 0}


def upload(mock: Mock, token: str = TOKEN, **others: Any) -> tuple[int, Any]:
    """(status, JSON) of an upload's first call."""
    connection = http.client.HTTPConnection("127.0.0.1", mock.port, timeout=60)
    fields = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request("POST", "/v2/devices/assets", json.dumps({**CLIP, **others}), fields)
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    return answer.status, body


def test_a_pause_covers_what_was_made_in_it() -> None:
    times_s = [10.0, 25.0, 30.0, *[40.0] * 8]
    pauses = Pauses(lambda: times_s.pop(0))
    pauses.set(True)
    pauses.set(False, 5)
    pauses.set(True)
    covered = {age_s: pauses.covers(age_s) for age_s in (0, 10, 11, 20, 21, 30, 31, 1000)}
    assert covered == {
        0: True,
        10: True,
        11: False,
        20: False,
        21: True,
        30: True,
        31: False,
        1000: False,
    }


def test_uploads_are_taken_or_refused(rig: Rig) -> None:
    mock = rig.mock()
    status, body = upload(mock)
    assert status == 200 and body["id"]
    assert upload(mock, "wrong")[0] == 401
    assert upload(mock, name=None)[0] == 400
    mock.control("pause")
    assert upload(mock) == (409, CHANNEL_PAUSED)
    assert upload(mock, offset=3600)[0] == 200  # made before the pause
    mock.control("resume")
    assert upload(mock)[0] == 200
    mock.control("refuse", part="assets", status=503, body={}, times=1)
    assert [upload(mock)[0], upload(mock)[0]] == [503, 200]
    records = mock.records(kind="asset")
    assert [record["status"] for record in records] == [200, 401, 400, 409, 200, 200, 200]
    assert TOKEN not in json.dumps(mock.records())
