"""The `esp32` module: NVS, the store that survives all; in the folder VIRTUAL_BOARD_NVS, if any.

idf_heap_info tells of a chip with PSRAM, or of one without whose largest free block is
VIRTUAL_BOARD_LARGEST_BLOCK bytes.
"""

import json
import os

from virtual import host

_NOT_FOUND, _KEY_TOO_LONG, _INVALID_LENGTH = -0x1102, -0x1109, -0x110C
_LONGEST_KEY = 15
_namespaces = {}
HEAP_DATA = 4
HEAP_EXEC = 1
_PSRAM = (8_388_608, 8_000_000, 7_900_000, 7_900_000)


def idf_heap_info(capabilities):
    """(bytes, free, largest free block, least ever free) of each region."""
    largest = os.getenv("VIRTUAL_BOARD_LARGEST_BLOCK")
    if largest:
        return [(113_840, int(largest) + 900, int(largest), int(largest)), (15_072, 16, 8, 0)]
    return [(113_840, 60_000, 40_000, 30_000), _PSRAM]


class NVS:
    """A namespace of keys: integers of 32 bits and bytes.

    What was not committed is lost with the power.
    """

    def __init__(self, namespace):
        _check(namespace)
        self._path = None
        if os.getenv("VIRTUAL_BOARD_NVS"):
            self._path = os.getenv("VIRTUAL_BOARD_NVS") + "/" + namespace
        if namespace not in _namespaces:
            _namespaces[namespace] = _load(self._path)
        self._values = _namespaces[namespace]

    def set_i32(self, key, value):
        """Keep an integer."""
        _check(key)
        if not -0x80000000 <= value <= 0x7FFFFFFF:
            raise OverflowError("overflow converting long int to machine word")
        self._values[key] = value

    def get_i32(self, key):
        """The integer. Raises OSError if there is none."""
        return self._get(key, int)

    def set_blob(self, key, value):
        """Keep bytes."""
        _check(key)
        self._values[key] = bytes(value).hex()

    def get_blob(self, key, buffer):
        """Fill the buffer with the bytes; how many they are.

        Raises OSError if there are none, or too many.
        """
        value = bytes.fromhex(self._get(key, str))
        if len(value) > len(buffer):
            raise OSError(_INVALID_LENGTH, "ESP_ERR_NVS_INVALID_LENGTH")
        buffer[: len(value)] = value
        return len(value)

    def erase_key(self, key):
        """Forget it. Raises OSError if there is none."""
        self._get(key, (int, str))
        del self._values[key]

    def commit(self):
        """Write what was changed."""
        if self._path:
            with host.files.open(self._path + ".new", "w") as file:
                json.dump(self._values, file)
            host.files.rename(self._path + ".new", self._path)

    def _get(self, key, kind):
        value = self._values.get(key)
        if not isinstance(value, kind):
            raise OSError(_NOT_FOUND, "ESP_ERR_NVS_NOT_FOUND")
        return value


def _check(name):
    if len(name) > _LONGEST_KEY:
        raise OSError(_KEY_TOO_LONG, "ESP_ERR_NVS_KEY_TOO_LONG")


def _load(path):
    try:
        with host.files.open(path, "r") as file:
            return json.load(file)
    except (OSError, TypeError):
        return {}
