"""What the firmware keeps on a computer: who may read it, and what if it can't be kept."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.rig import Rig


@pytest.fixture(autouse=True)
def everybody_may_read() -> Iterator[None]:
    """The umask of a careless user."""
    kept = os.umask(0)
    yield
    os.umask(kept)


def modes(folder: Path) -> dict[str, int]:
    """Who may do what with the files that hold something."""
    return {
        path.name: path.stat().st_mode & 0o777
        for path in folder.iterdir()
        if path.is_file() and path.suffix != ".room" and path.stat().st_size
    }


@pytest.mark.parametrize("name", ["state/a", 'it\'s a $HOME "state"', "-rf"])
def test_only_the_owner_can_read_what_is_stored(rig: Rig, name: str) -> None:
    mock = rig.mock("--interval-s", "1")
    config = rig.config(mock.url, token=None, state_dir=str(rig.folder / name))
    device = rig.device(config)
    mock.approve()
    device.wait(state="online")
    device.stop()
    assert {"authorization.json", "client.json"} <= set(modes(rig.folder / name))
    assert set(modes(rig.folder / name).values()) == {0o600}
    for path in (rig.folder / name).iterdir():
        path.chmod(0o666)  # as an earlier version left them, or a backup
        path.with_name(path.name + ".new").touch(0o666)
    (rig.folder / name / "authorization.json.new").unlink()
    (rig.folder / name / "authorization.json.new").mkdir()
    mock.control("expire")
    device = rig.device(config)
    device.wait_log("the tokens were refreshed")
    device.stop()
    assert set(modes(rig.folder / name).values()) == {0o600}


def test_a_state_folder_that_can_not_be_written_is_told(rig: Rig) -> None:
    (rig.folder / "file").write_text("")
    for state_dir in ("/proc/pilotlight", rig.folder / "file", rig.folder / "file/state"):
        mock = rig.mock("--interval-s", "1")
        device = rig.device(rig.config(mock.url, token=None, state_dir=str(state_dir)))
        device.wait(state="pairing", reason="not_stored")
        mock.approve()
        device.wait(state="online", reason="not_stored")
        device.wait_log(f"client could not be stored: {state_dir}/client.json can't be written: ")
        device.wait_log("authorization could not be stored: ")
        device.stop()


def test_what_can_be_stored_again_is_no_longer_told(rig: Rig) -> None:
    state = rig.folder / "state"
    state.write_text("")
    mock = rig.mock("--interval-s", "1")
    device = rig.device(rig.config(mock.url, token=None, state_dir=str(state)))
    mock.approve()
    device.wait(state="online", reason="not_stored")
    state.unlink()
    device.wait(state="online", reason=None)
    device.stop()
    device = rig.device(rig.config(mock.url, token=None, state_dir=str(state)))
    device.wait(state="online")
    assert not [line for line in device.lines if line["state"] == "pairing"]
