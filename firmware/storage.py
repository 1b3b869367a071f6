"""Small records as JSON files in one folder. Whole old or whole new: a temporary file, then a rename.

On littlefs2 a close brings the file to the flash, and a rename is atomic: a power cut leaves the old record or the new one, and
at most a temporary file that the next save overwrites.
"""

import json
import os

from micropython import const

_LARGEST_BYTES = const(6144)  # two tokens of 2048 characters, and what is stored with them
_MODE = const(0)  # in what os.stat gives; on littlefs a folder's size is any number
_SIZE = const(6)
_FOLDER = const(0x4000)
_NO_ENTRY = const(2)
_EXISTS = const(17)
_IS_FOLDER = const(21)


class StorageError(OSError):
    """A record can't be used or kept. The text names its file and says what is wrong, never what is in it."""


class FileStorage:
    """Records by name. state_dir: the folder, made when first needed."""

    def __init__(self, state_dir: str) -> None:
        self._state_dir = state_dir

    def load(self, name: str) -> dict | None:
        """The record, or None if there is none. Raises StorageError for a file that is none, or can't be read."""
        path = self._path(name)
        try:
            status = os.stat(path)
            # By its size, for a read with a bound of its own would want that much memory in one piece.
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
        """Store the record in place of the one before.

        Raises OSError, StorageError for a record that is too large; then the one before still stands.
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
            os.rename(
                path, path + ".folder"
            )  # somebody's folder must not keep the record out for ever
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
