"""Removes the files in PATHS, and folders that are empty then. Runs on a board."""

import os

for _path in PATHS:  # noqa: F821
    _path = "/" + _path
    try:
        os.remove(_path)
        while _path.count("/") > 1:
            _path = _path.rpartition("/")[0]
            os.rmdir(_path)
    except OSError:  # not there; or a folder that is not empty
        pass
