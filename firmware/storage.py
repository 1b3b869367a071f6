"""Small records as JSON files in one folder. A save writes a temporary file and renames it.

On littlefs2 a close writes the file to flash, and a rename is atomic. So a power cut leaves the old
record or the new one, and at most a temporary file that the next save overwrites.
"""

import json
import os

from micropython import const

_LARGEST_BYTES = const(6144)  # two tokens of 2048 characters, and what is stored with them
_MODE = const(0)  # index into os.stat; on littlefs a folder's size is any number
_SIZE = const(6)
_FOLDER = const(0x4000)
_NO_ENTRY = const(2)
_EXISTS = const(17)
_IS_FOLDER = const(21)


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
        """Replace the record. Raises OSError, or StorageError if it is too large.

        After an error the old record is still there.
        """
        path = self._path(name)
        data = json.dumps(record).encode()
        if len(data) > _LARGEST_BYTES:
            raise StorageError("%s would be longer than %d bytes" % (path, _LARGEST_BYTES))
        self._make_folder()
        temporary = path + ".new"
        with open(temporary, "wb") as file:
            file.write(data)
        try:
            os.rename(temporary, path)
        except OSError as error:
            if error.errno != _IS_FOLDER:
                raise
            # A folder of that name must not prevent the record for ever.
            os.rename(path, path + ".folder")
            os.rename(temporary, path)

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
