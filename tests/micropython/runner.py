"""Runs one test function on the unix port: runner.py FILE FUNCTION. Prints `passed` last if it passed.

BYTECODE in the environment: a folder with all of the clone that it imports, compiled.
"""

import asyncio
import os
import sys

HERE = __file__.rpartition("/")[0]
ROOT = HERE.rpartition("/")[0].rpartition("/")[0]
BYTECODE = os.getenv("BYTECODE")
PLACE = BYTECODE or ROOT
sys.path[:0] = [PLACE, PLACE + "/lib"]

_LONGEST_MS = 300_000  # ends what hangs; far away, because a machine may be busy


async def _bounded(job):
    return await asyncio.wait_for_ms(job, _LONGEST_MS)


def main(path, name):
    """Import the file, run the function, and its coroutine if it is one."""
    if BYTECODE:
        module = path[len(ROOT) + 1 : -len(".py")].replace("/", ".")
        __import__(module)
        space = sys.modules.pop(module).__dict__  # a test may look at what else is imported
    else:
        space = {"__name__": "test", "__file__": path}
        with open(path) as file:
            exec(compile(file.read(), path, "exec"), space)
    result = space[name]()
    if hasattr(result, "send"):
        virtual = sys.modules.get("tools.virtual_board.virtual_time")
        if virtual:
            virtual.run(result)
        else:
            asyncio.run(_bounded(result))
    print("\npassed")


main(sys.argv[1], sys.argv[2])
