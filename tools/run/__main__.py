"""Runs it: python -m tools.run --help."""

import _signal  # the interpreter's own: `signal` takes its time to import

# Ctrl-C while the imports take their time: an end without a traceback.
for _number in (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP):
    _signal.signal(_number, _signal.SIG_DFL)

import sys

from .command import main

if __name__ == "__main__":
    sys.exit(main())
