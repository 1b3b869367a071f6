"""The curl lines of Frame.io's guides against the mock, with the real curl.

They are as printed, except for scheme, host and secrets.
"""

import json
import subprocess

from tests.host.test_mock_authorization import UNIT, paired
from tools.rig import CLIENT_SECRET, TOKEN, Mock, Rig

IDENTITY = """\
curl -X GET https://api.frame.io/v2/devices/me \\
    --header 'Authorization: Bearer [access_token]' \\
    --header 'x-client-version: 2.0.0' \\
    | python -m json.tool
"""
HEALTH = """\
curl -X GET https://api.frame.io/health \\
    | python -m json.tool
"""
REFRESH = """\
curl -X POST https://api.frame.io/v2/auth/token \\
    --header 'x-client-version: 2.0.0' \\
    --form 'client_id=[client_id]' \\
    --form 'client_secret=[client_secret]' \\
    --form 'grant_type=refresh_token' \\
    --form 'refresh_token=[refresh_token]' \\
    | python -m json.tool
"""


def run(line: str, mock: Mock) -> dict[str, object]:
    """Run a line of the guide in a shell; the JSON that it prints."""
    line = (
        line.replace("https://api.frame.io", mock.url)
        .replace("[access_token]", TOKEN)
        .replace("python ", "python3 ")
    )
    done = subprocess.run(["bash", "-c", line], capture_output=True, timeout=300, check=True)
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    return answer


def test_the_identity_line(rig: Rig) -> None:
    answer = run(IDENTITY, rig.mock())
    assert answer["_type"] == "project_device"
    assert answer["project"] == {
        "_type": "project",
        "id": "2ad59fe6-77b6-4fbc-a9d2-3dd0413ed4a3",
        "name": "Testbed",
    }


def test_the_health_line(rig: Rig) -> None:
    assert run(HEALTH, rig.mock()) == {"ok": True}


def test_the_identity_line_over_tls(rig: Rig) -> None:
    mock = rig.mock(tls=True)
    trusting = IDENTITY.replace("curl -X", f"curl --cacert {mock.ca.parent / 'ca.pem'} -X")
    assert run(trusting, mock)["id"] == mock.status()["device_id"]


def test_the_refresh_line(rig: Rig) -> None:
    mock = rig.mock()
    pair = paired(mock)
    line = REFRESH.replace("[client_id]", UNIT).replace("[client_secret]", CLIENT_SECRET)
    answer = run(line.replace("[refresh_token]", pair["refresh_token"]), mock)
    assert (answer["token_type"], answer["expires_in"]) == ("bearer", 28800)
    assert answer["refresh_token"] != pair["refresh_token"]
    assert run(line.replace("[refresh_token]", pair["refresh_token"]), mock) == {
        "error": "invalid_request"
    }
