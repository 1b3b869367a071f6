"""The storage of docs/security.md, as printed there, against the virtual board's NVS."""

import os

from tools.virtual_board import module_path

module_path.install()

import esp32

from tests.simulation import flash as flash_chip
from tests.support.expect import raises

_MARK = "<!-- storage: run as a test -->\n```python\n"
with open("docs/security.md") as file:
    _program = file.read().split(_MARK)[1].split("```")[0]
_space = {}
exec(_program, _space)
LARGEST = {"access_token": "a" * 2048, "refresh_token": "r" * 2048, "client_id": "c" * 1900}


def on_flash():
    """A storage over an empty flash."""
    flash_chip.mount(flash_chip.formatted())
    os.chdir(flash_chip.PLACE)
    return _space["storage"]({"state_dir": "state"})


def test_tokens_are_in_the_nvs_and_the_rest_in_files():
    storage = on_flash()
    assert storage.load("authorization") is None and storage.load("log") is None
    for record in ({"access_token": "\u00e4"}, LARGEST, {"client_id": "x"}):
        storage.save("authorization", record)
        assert storage.load("authorization") == record
    storage.save("log", {"entries": []})
    assert storage.load("log") == {"entries": []}
    assert os.listdir("state") == ["log.json"]
    again = _space["NvsStorage"]("state")
    assert again.load("authorization") == {"client_id": "x"}


def test_what_can_not_be_kept_or_read_is_an_os_error():
    storage = on_flash()
    storage.save("authorization", {"client_id": "x"})
    with raises(OSError):
        storage.save("authorization", {"access_token": "a" * 6144})
    assert storage.load("authorization") == {"client_id": "x"}
    nvs = esp32.NVS("pilotlight")
    nvs.set_blob("authorization", b"{\xff")
    with raises(OSError):
        storage.load("authorization")
    nvs.set_blob("authorization", bytes(7000))
    with raises(OSError):
        storage.load("authorization")


def test_what_is_saved_is_committed():
    storage = on_flash()
    commits = []
    esp32.NVS.commit = lambda nvs: commits.append(1)
    storage.save("authorization", {"client_id": "x"})
    assert commits == [1]
