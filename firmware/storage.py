"""Small records as JSON files in one folder. A save writes a temporary file and renames it.

On littlefs2 a close writes the file to flash, and a rename is atomic. So a power cut leaves the old
record or the new one, and at most a temporary file that the next save overwrites.

littlefs2 never writes in place: old and new record need room at the same time, and so does a change
within a file. Room for a record that must not be lost is a file of the largest record's size, which
a save removes only if nothing else is left. So it is written once, not with each save.

On a computer a record can be read and written only by its owner.
"""

import json
import os

from micropython import const

_LARGEST_BYTES = const(6144)  # two tokens of 2048 characters, and what is stored with them
_MODE = const(0)  # index into os.stat; on littlefs a folder's size is any number
_SIZE = const(6)
_FOLDER = const(0x4000)
_OTHERS = const(0o077)  # permissions of _MODE; always 0 on littlefs
_PERMISSIONS = const(0o777)
_BLOCK_BYTES = const(1)  # indexes into os.statvfs
_BLOCKS = const(2)
_FREE_BLOCKS = const(4)
_PIECE_BYTES = const(256)
_NO_ENTRY = const(2)
_EXISTS = const(17)
_IS_FOLDER = const(21)
_NO_SPACE = const(28)
_MOST_FOLDERS = const(9)


class StorageError(OSError):
    """A record can't be read or stored. The text names file and problem, never the content."""


class FileStorage:
    """Records by name. state_dir: the folder, made when first needed."""

    def __init__(self, state_dir: str) -> None:
        self._state_dir = state_dir

    def load(self, name: str) -> dict | None:
        """The record, or None if there is no file. Raises StorageError if the file is corrupt."""
        path = self._path(name)
        try:
            status = os.stat(path)
            # By its size, because a bounded read would allocate its bound in one piece.
            if status[_MODE] & _FOLDER:
                wrong = "is a folder"
            elif status[_SIZE] > _LARGEST_BYTES:
                wrong = "is longer than %d bytes" % _LARGEST_BYTES
            else:
                if status[_MODE] & _OTHERS:
                    from .posix import make_private

                    make_private(path)
                with open(path) as file:
                    record = json.load(file)
                if isinstance(record, dict):
                    return record
                wrong = "holds no JSON object"
        except OSError as error:
            if error.errno == _NO_ENTRY:
                return None
            wrong = "can't be read: %s" % error
        except ValueError:
            wrong = "is not valid JSON"
        raise StorageError("%s %s" % (path, wrong))

    def save(self, name: str, record: dict) -> None:
        """Replace the record. Raises StorageError; its errno is the system's, if there is one.

        After an error the old record is still there.
        """
        path = self._path(name)
        data = json.dumps(record).encode()
        if len(data) > _LARGEST_BYTES:
            raise StorageError("%s would be longer than %d bytes" % (path, _LARGEST_BYTES))
        try:
            self._make_folder()
            self._replace(path, data)
        except OSError as error:
            raise _not_written(path, error)

    def keep_room(self, name: str) -> None:
        """Keep room for the next save of this record, and try to write. Raises StorageError."""
        path = self._path(name)
        room = path + ".room"
        try:
            self._make_folder()
            if _size(room) >= _LARGEST_BYTES:
                # The room is there. An empty file shows that the flash can be written, at little
                # wear: the next save makes the record of it.
                _write(path + ".new", b"")
            else:
                self._check_free()
                self._make_room(room)
        except OSError as error:
            raise _not_written(path, error)

    def _replace(self, path: str, data: bytes) -> None:
        temporary = path + ".new"
        room = path + ".room"
        if os.stat(self._state_dir)[_MODE] & _PERMISSIONS:  # a computer's
            from .posix import create_private

            create_private(temporary)
        needs_room = False
        try:
            _write(temporary, data)
        except OSError as error:
            needs_room = error.errno == _NO_SPACE and _size(room) > 0
            if not needs_room:
                raise
            os.remove(room)
            _write(temporary, data)
        try:
            os.rename(temporary, path)
        except OSError as error:
            if error.errno != _IS_FOLDER:
                raise
            _move_folder(path)
            os.rename(temporary, path)
        if needs_room:
            try:
                self._make_room(room)  # of what the old record took
            except OSError:
                pass  # the next keep_room says so

    def _check_free(self) -> None:
        """Raise OSError if it is known that the room does not fit: each try wears free blocks.

        littlefs may count blocks twice, so what is free may be less than none: a huge number.
        """
        status = os.statvfs(self._state_dir)
        free = status[_FREE_BLOCKS]
        if free > status[_BLOCKS] or free * status[_BLOCK_BYTES] < _LARGEST_BYTES:
            raise OSError(_NO_SPACE)

    def _make_room(self, room: str) -> None:
        piece = bytes(_PIECE_BYTES)
        try:
            with _opened(room) as file:
                for _ in range(_LARGEST_BYTES // _PIECE_BYTES):
                    file.write(piece)
        except OSError:
            os.remove(room)
            raise

    def _path(self, name: str) -> str:
        return "%s/%s.json" % (self._state_dir, name)

    def _make_folder(self) -> None:
        path = ""
        for part in self._state_dir.split("/"):
            path += part + "/"
            if part and part != ".":
                try:
                    os.mkdir(path.rstrip("/"))
                except OSError as error:
                    if error.errno != _EXISTS:
                        raise


def _write(path: str, data: bytes) -> None:
    with _opened(path) as file:
        file.write(data)


def _opened(path: str):
    """The file, empty, to be written. A folder of that name must not prevent it for ever."""
    try:
        return open(path, "wb")  # the callers close it
    except OSError as error:
        if error.errno != _IS_FOLDER:
            raise
    _move_folder(path)
    return open(path, "wb")


def _move_folder(path: str) -> None:
    """Give a folder another name. Raises OSError."""
    for number in range(_MOST_FOLDERS):
        try:
            os.rename(path, "%s.folder%s" % (path, number or ""))
            return
        except OSError:
            pass  # there is one already
    raise OSError(_IS_FOLDER)


def _size(path: str) -> int:
    """The size of a file in bytes, 0 if it does not exist."""
    try:
        status = os.stat(path)
    except OSError:
        return 0
    return 0 if status[_MODE] & _FOLDER else status[_SIZE]


def _not_written(path: str, error: OSError) -> StorageError:
    failure = StorageError("%s can't be written: %s" % (path, error))
    failure.errno = error.errno
    return failure
