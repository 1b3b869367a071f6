"""The board's name where the configuration is broken or lost."""

import os
import sys

from firmware.boards import host
from firmware.guard import board_name
from tests.simulation import flash as flash_chip

boards = __import__("firmware.boards.host").boards
boards.probe = sys.modules["firmware.boards.probe"] = probe = object()


def on_flash(config=None, remembered=None):
    flash = flash_chip.formatted()
    flash_chip.mount(flash)
    os.chdir(flash_chip.PLACE)
    for name, data in (("config.json", config), ("board.txt", remembered)):
        if data is not None:
            with open(name, "wb") as file:
                file.write(data)
    return flash


def test_the_configuration_s_word_counts_however_broken_it_is():
    for config in (
        b'{"board": "probe"}',
        b'{"board":"probe"',
        b'{"board" : "probe",, "frameio": {"cleint_version": 7}',
        b'{"frameio": {"client_version": "1.2.3"}\n "board":\n"probe"}',
        b'[{"board": "probe"}]',
        b'{"board": "probe", "x": "\xff\xfe"',
        b'{"board": "probe", "x": "' + b"long " * 5000,
    ):
        on_flash(config, b"host")
        assert board_name.find() is probe, config[:40]


def test_other_keys_are_found_as_well():
    on_flash(
        b'{"board": "probe", "screen": "128x32", "light": true, "state_dir":"kept", "screen": 5'
    )
    assert [board_name.configured(key) for key in ("screen", "state_dir", "light", "wifi")] == [
        "128x32",
        "kept",
        "",
        "",
    ]


def test_what_was_remembered_counts_where_the_configuration_says_nothing():
    for config in (
        None,
        b"",
        b"{}",
        b"\xff" * 2000,
        b'{"board": 7, "x": "host"}',
        b'{"board": ["host"]}',
        b'{"board": "pro',
        b'{"board',
        b'{"board": "porbe"}',
        b'{"board": ""}',
        b'{"board": "\xff\xfe"}',
        b'{"board": "."}',
        b'{"board": "../boards/host"}',
        b'{"board": "host.network"}',
    ):
        on_flash(config, b"probe\n")
        assert board_name.find() is probe, config


def test_no_word_at_all():
    for remembered in (None, b"", b"nonsense", b"\xff\x00", b"long " * 1000):
        on_flash(b"{", remembered)
        assert board_name.find() is None


def test_another_configuration():
    on_flash(b"{", b"probe")
    with open("other.json", "w") as file:
        file.write('{"board": "host"')
    assert board_name.find("other.json") is host


def test_a_name_is_written_once_and_whole():
    flash = on_flash()
    board_name.remember("host")
    assert board_name.find() is host
    done = len(flash.done)
    for _ in range(10):
        board_name.remember("host")
    assert len(flash.done) == done
    flash.done.clear()
    board_name.remember("probe")
    assert board_name.find() is probe
    operations = len(flash.done)
    for cut_at in range(1, operations + 1):
        for tear in flash_chip.TEARS:
            flash = on_flash(None, b"probe")
            flash.cut_at, flash.tear = len(flash.done) + cut_at, tear
            try:
                board_name.remember("host")
            except OSError:
                pass
            os.chdir("/")
            flash_chip.mount(flash.after_reboot())
            os.chdir(flash_chip.PLACE)
            assert board_name.find() in (probe, host), cut_at
