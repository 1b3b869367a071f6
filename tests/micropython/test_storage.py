"""FileStorage on a littlefs2: a corrupt record is an error, a failed save keeps the old one."""

import json
import os

from firmware import posix
from firmware.storage import FileStorage, StorageError
from tests.simulation import flash as flash_chip
from tests.support.expect import raises
from tests.support.extent import share

STATE = flash_chip.PLACE + "/deep/state"
FILE = STATE + "/client.json"
RECORD = {"client_id": "a-unit", "refresh_s": 1_800_000_000}
SECRET = "do-not-show"


def new_storage():
    flash = flash_chip.formatted()
    flash_chip.mount(flash)
    return flash, FileStorage(STATE)


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def test_the_flash_is_one():
    """Of the simulation: programming clears bits only, and a power cut tears within a byte."""
    flash, read = flash_chip.Flash(), bytearray(6)
    assert flash.writeblocks(1, b"\x0f\xf0", 2) == flash.writeblocks(1, b"\xaa\xaa", 2) == 0
    flash.readblocks(1, read)
    assert read == b"\xff\xff\x0a\xa0\xff\xff"
    for tear, programmed, erased in (
        (flash_chip.NOT_AT_ALL, b"\xff\xff\x0a\xa0\xff\xff", 0x0A),
        (flash_chip.TORN, b"\x00\x0f\x0a\xa0\xff\xff", 0xFF),
        (flash_chip.WHOLE, b"\x00\x00\x00\x00\xff\xff", 0xFF),
    ):
        cut = flash.copy()
        cut.cut_at, cut.tear = 1, tear
        assert cut.writeblocks(1, bytes(4 if tear == flash_chip.WHOLE else 2)) == -5
        assert cut.lost.is_set()
        assert cut.writeblocks(1, b"\x00", 5) == cut.readblocks(1, read) == cut.ioctl(6, 1) == -5
        assert cut.after_reboot().readblocks(1, read) == 0
        assert read == programmed, (tear, read)
        cut = flash.copy()
        cut.cut_at, cut.tear = 1, tear
        assert cut.ioctl(6, 1) == -5
        cut.after_reboot().readblocks(1, read)
        assert read[2] == erased, (tear, read)


def test_a_record_comes_back():
    flash, storage = new_storage()
    assert storage.load("client") is None
    storage.save("client", RECORD)
    storage.save("identity", {})
    flash_chip.mount(flash.after_reboot())
    assert storage.load("client") == RECORD
    assert storage.load("identity") == {}
    assert sorted(os.listdir(STATE)) == ["client.json", "identity.json"]


def test_on_a_flash_nobody_else_is_kept_from_a_record():
    """There the shell that does it is not known."""
    _, storage = new_storage()
    storage.save("client", RECORD)

    def unknown(path):
        raise AssertionError(path)

    kept, posix.make_private = posix.make_private, unknown
    try:
        assert storage.load("client") == RECORD
    finally:
        posix.make_private = kept


def test_two_tokens_of_the_largest_size_fit_and_more_is_refused():
    _, storage = new_storage()
    record = {"access_token": "a" * 2048, "refresh_token": "r" * 2048, "client_id": "c" * 1024}
    storage.save("client", record)
    assert storage.load("client") == record
    with raises(StorageError) as caught:
        storage.save("client", {"token": "t" * 6144})
    assert FILE in str(caught.error) and "6144" in str(caught.error)
    assert storage.load("client") == record
    write(FILE, json.dumps(RECORD) + " " * 6144)
    with raises(StorageError) as caught:
        storage.load("client")
    assert FILE in str(caught.error) and "6144" in str(caught.error)


def test_what_is_no_record_is_named_and_never_shown():
    _, storage = new_storage()
    storage.save("client", RECORD)
    secret = SECRET.encode()
    for data, what in (
        (b"", "JSON"),
        (secret, "JSON"),
        (b'{"client_id": "' + secret, "JSON"),
        (b'{"client_id": "' + secret + b'\xff"}', "JSON"),
        (b"\xff\x00\xfe" + secret, "JSON"),
        (b"[" * 5000 + secret, "JSON"),
        (b'["' + secret + b'"]', "object"),
        (b"null", "object"),
        (b"7", "object"),
    ):
        write(FILE, data)
        with raises(StorageError) as caught:
            storage.load("client")
        assert FILE in str(caught.error) and what in str(caught.error), (data[:20], caught.error)
        assert SECRET not in str(caught.error)
        storage.save("client", RECORD)
        assert storage.load("client") == RECORD


def test_a_folder_in_the_place_of_a_record():
    _, storage = new_storage()
    storage.save("identity", {})
    os.mkdir(FILE)
    write(FILE + "/file", b"another's")
    with raises(StorageError) as caught:
        storage.load("client")
    assert FILE in str(caught.error) and "folder" in str(caught.error)
    storage.save("client", RECORD)
    assert storage.load("client") == RECORD
    assert os.listdir(FILE + ".folder") == ["file"]


def test_a_file_in_the_place_of_the_folder():
    _, storage = new_storage()
    write(flash_chip.PLACE + "/deep", b"")
    for call in (lambda: storage.load("client"), lambda: storage.save("client", RECORD)):
        with raises(OSError):
            call()


def test_a_temporary_file_that_was_left_does_no_harm():
    _, storage = new_storage()
    storage.save("client", RECORD)
    write(FILE + ".new", b'{"client_id": "not this one"' * 100)
    assert storage.load("client") == RECORD
    storage.save("client", {"client_id": "another"})
    assert storage.load("client") == {"client_id": "another"}
    assert os.listdir(STATE) == ["client.json"]


def test_a_full_flash_leaves_the_old_record():
    _, storage = new_storage()
    storage.save("client", RECORD)
    write(flash_chip.PLACE + "/filler", bytes(27_000))
    with raises(OSError) as caught:
        storage.save("client", {"token": "t" * 4000})
    assert caught.error.errno == 28, caught.error
    assert storage.load("client") == RECORD
    storage.save("client", {"client_id": "short"})  # what was left of the failed one makes room
    os.remove(flash_chip.PLACE + "/filler")
    storage.save("client", {"token": "t" * 4000})
    assert storage.load("client") == {"token": "t" * 4000}


def test_a_flash_that_fails_leaves_the_old_record_at_every_operation():
    flash, storage = new_storage()
    storage.save("client", RECORD)
    before = len(flash.done)
    whole = flash.copy()
    flash_chip.mount(whole)
    storage.save("client", {"token": "t" * 1000})
    count = len(whole.done)
    assert before and count > 8
    for tear in flash_chip.TEARS:
        for at in range(1, count + 1):
            torn = flash.copy()
            torn.cut_at, torn.tear = at, tear
            flash_chip.mount(torn)
            with raises(OSError):
                storage.save("client", {"token": "t" * 1000})
            flash_chip.mount(torn.after_reboot())
            new = at == count and tear == flash_chip.WHOLE
            assert storage.load("client") == ({"token": "t" * 1000} if new else RECORD), (tear, at)


def full_but_for(blocks):
    """Fill the flash, but for so many of its blocks. littlefs's own count is only a bound."""
    number, left = 0, os.statvfs(flash_chip.PLACE)[4] - blocks
    while left > 0:
        try:
            with open("%s/filler%d" % (flash_chip.PLACE, number), "wb") as file:
                file.write(bytes(480 * left))
        except OSError:
            if left == 1:
                break
        number += 1
        left = 1 if not blocks else os.statvfs(flash_chip.PLACE)[4] - blocks


def empty():
    """Remove what fills the flash."""
    for name in os.listdir(flash_chip.PLACE):
        if name.startswith("filler"):
            os.remove("%s/%s" % (flash_chip.PLACE, name))


LARGEST = {"access_token": "a" * 2048, "refresh_token": "r" * 2048, "client_id": "c" * 1900}


def test_with_room_kept_a_full_flash_takes_the_next_record_again_and_again():
    for record in (LARGEST, {"token": "t" * 1200}):
        _, storage = new_storage()
        storage.save("authorization", record)
        storage.keep_room("authorization")
        full_but_for(0)
        for number in range(20):
            storage.keep_room("authorization")
            record["number"] = number
            storage.save("authorization", record)
            assert storage.load("authorization") == record
            try:
                storage.save("log", record)  # if there are other free blocks; it takes no room
            except StorageError:
                pass


def test_with_room_kept_a_record_may_grow():
    _, storage = new_storage()
    storage.save("authorization", {"token": "t"})
    storage.keep_room("authorization")
    full_but_for(0)
    storage.save("authorization", LARGEST)
    assert storage.load("authorization") == LARGEST
    with raises(StorageError):
        storage.keep_room("authorization")  # but there is none for the one after that


def test_room_is_written_once():
    flash, storage = new_storage()
    storage.save("authorization", LARGEST)
    saved = len(flash.done)
    storage.save("authorization", LARGEST)
    saved = len(flash.done) - saved
    storage.keep_room("authorization")
    for _ in range(20):
        before = len(flash.done)
        storage.keep_room("authorization")
        storage.save("authorization", LARGEST)
        done = flash.done[before:]
        written = sum([count for kind, count in done if kind == "program"])
        assert written < 7500, (written, saved, done)
    assert sorted(os.listdir(STATE)) == ["authorization.json", "authorization.json.room"]


def test_no_room_is_told_before_and_wears_nothing():
    flash, storage = new_storage()
    storage.save("authorization", {"token": "t"})
    full_but_for(3)
    before = len(flash.done)
    for _ in range(10):
        with raises(StorageError) as caught:
            storage.keep_room("authorization")
        assert caught.error.errno == 28 and "authorization" in str(caught.error)
    assert len(flash.done) == before
    empty()
    storage.keep_room("authorization")


def test_a_flash_that_takes_no_write_is_told_before():
    for has_room in (True, False):
        flash, storage = new_storage()
        storage.save("authorization", {"token": "t"})
        if has_room:
            storage.keep_room("authorization")
        flash = flash.copy()
        flash.writeblocks = lambda *_: -30  # read-only
        flash_chip.mount(flash)
        with raises(StorageError):
            storage.keep_room("authorization")


def test_the_power_goes_while_room_is_kept_or_used():
    for tear in share(flash_chip.TEARS, 3):
        at = 0
        lost = True
        while lost:
            at += 1
            flash, storage = new_storage()
            storage.save("authorization", {"token": "t" * 900})
            if at & 1:
                storage.keep_room("authorization")
            full_but_for(14)
            cut = flash.copy()
            cut.cut_at, cut.tear = 1 + at // 2, tear
            flash_chip.mount(cut)
            try:
                storage.keep_room("authorization")
                full_but_for(0)
                storage.save("authorization", LARGEST)
            except OSError:
                pass
            lost = cut.lost.is_set()
            flash_chip.mount(cut.after_reboot())
            assert storage.load("authorization") in ({"token": "t" * 900}, LARGEST), (tear, at)
            empty()
            storage.keep_room("authorization")
            storage.save("authorization", RECORD)
            assert storage.load("authorization") == RECORD
        assert at > 20


def test_folders_in_the_place_of_any_file():
    for _ in range(3):  # those of the last time are there
        _, storage = new_storage()
        storage.save("identity", {})
        for name in ("client.json", "client.json.new", "client.json.room"):
            for suffix in ("", ".folder", ".folder1"):
                os.mkdir("%s/%s%s" % (STATE, name, suffix))
                write("%s/%s%s/file" % (STATE, name, suffix), b"")
        storage.keep_room("client")
        storage.save("client", RECORD)
        assert storage.load("client") == RECORD
