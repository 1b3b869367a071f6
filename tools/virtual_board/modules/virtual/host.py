"""The computer's files, where the chips keep their state; not in the board's file system."""

import vfs

files = vfs.VfsPosix()  # open(), rename() …
