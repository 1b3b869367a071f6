"""The computer's own files, where the chips keep what they must keep; they are not in the board's file system."""

import vfs

files = vfs.VfsPosix()  # open(), rename() …
