"""The board's name where the configuration is broken or lost."""

import os
import sys

from firmware.boards import host
from firmware.guard import rescued_config
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
        b'\xef\xbb\xbf{"board": "probe"}',
        b'\xff\xfe{\0"\0b\0o\0a\0r\0d\0"\0:\0"\0p\0r\0o\0b\0e\0"\0}\0',
        b'\xfe\xff\0{\0"\0b\0o\0a\0r\0d\0"\0:\0"\0p\0r\0o\0b\0e\0"\0}',
        b'// my "board"\n{"board": "probe" "light": true}',
        b'{"frameio": {"client_id": "board", "client_version": "board"}, "board": "probe"}',
    ):
        on_flash(config, b"host")
        assert rescued_config.board() is probe, config[:40]


def test_other_keys_are_found_as_well():
    on_flash(
        b'{"board": "probe", "screen": "128x32", "light": true, "state_dir":"kept", "screen": 5'
    )
    assert [rescued_config.text(key) for key in ("screen", "state_dir", "light", "wifi")] == [
        "128x32",
        "kept",
        "",
        "",
    ]
    on_flash(b'{"a": "C:\\\\x", "b": "Ger\\u00e4t", "c": "\\"", "board": "probe"')
    assert [rescued_config.text(key) for key in "abc"] == ["C:\\x", "Gerät", ""]
    assert rescued_config.board() is probe


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
        b'{"board": "%s"}' % (b"x" * 300),
    ):
        on_flash(config, b"probe\n")
        assert rescued_config.board() is probe, config


def test_no_word_at_all():
    for remembered in (None, b"", b"nonsense", b"\xff\x00", b"long " * 1000):
        on_flash(b"{", remembered)
        assert rescued_config.board() is None


def test_another_configuration():
    on_flash(b"{", b"probe")
    with open("other.json", "w") as file:
        file.write('{"board": "host"')
    assert rescued_config.board("other.json") is host


def test_a_name_is_written_once_and_whole():
    flash = on_flash()
    rescued_config.remember_board("host")
    assert rescued_config.board() is host
    done = len(flash.done)
    for _ in range(10):
        rescued_config.remember_board("host")
    assert len(flash.done) == done
    flash.done.clear()
    rescued_config.remember_board("probe")
    assert rescued_config.board() is probe
    operations = len(flash.done)
    for cut_at in range(1, operations + 1):
        for tear in flash_chip.TEARS:
            flash = on_flash(None, b"probe")
            flash.cut_at, flash.tear = len(flash.done) + cut_at, tear
            try:
                rescued_config.remember_board("host")
            except OSError:
                pass
            os.chdir("/")
            flash_chip.mount(flash.after_reboot())
            os.chdir(flash_chip.PLACE)
            assert rescued_config.board() in (probe, host), cut_at
