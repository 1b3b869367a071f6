"""Small records as JSON files in one folder. Whole old or whole new: a temporary file, then a rename."""

import json
import os

from micropython import const

_LARGEST_BYTES = const(4096)
_NO_ENTRY = const(2)
_EXISTS = const(17)


class FileStorage:
    """Records by name. state_dir: the folder, made when first needed."""

    def __init__(self, state_dir: str) -> None:
        self._state_dir = state_dir

    def load(self, name: str) -> dict | None:
        """The record, or None if there is none or it can't be read as one. Raises OSError if the file can't be read."""
        try:
            with open(self._path(name)) as file:
                text = file.read(_LARGEST_BYTES + 1)
        except OSError as error:
            if error.errno == _NO_ENTRY:
                return None
            raise
        except ValueError:
            return None
        if len(text) > _LARGEST_BYTES:
            return None
        try:
            record = json.loads(text)
        except ValueError:
            return None
        return record if isinstance(record, dict) else None

    def save(self, name: str, record: dict) -> None:
        """Store the record in place of the one before. Raises OSError; then the one before still stands."""
        text = json.dumps(record)
        self._make_folder()
        temporary = self._path(name) + ".new"
        with open(temporary, "w") as file:
            file.write(text)
        os.rename(temporary, self._path(name))

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
